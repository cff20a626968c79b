//! Results on the terminal.

use super::Results;
use crate::sample::{CLIENT, OTHERS, P50, P99, P999, RATE, REDIS, REDIS_MB, SERVER, SERVER_MB, Sample};

/// Columns of what is printed: figure, head, digits.
const COLUMNS: [(&str, &str, usize); 10] = [
    (RATE, "req/s", 0),
    (P50, "p50 ms", 3),
    (P99, "p99 ms", 3),
    (P999, "p99.9", 3),
    (CLIENT, "client µs", 1),
    (SERVER, "server µs", 1),
    (REDIS, "redis µs", 1),
    (SERVER_MB, "server MB", 1),
    (REDIS_MB, "redis MB", 1),
    (OTHERS, "others %", 1),
];

fn cell(figure: Option<f64>, digits: usize) -> String {
    format!("{:>10}", figure.map_or_else(String::new, |figure| format!("{figure:.digits$}")))
}

/// One sample in one line.
pub fn line(name: &str, sample: &Sample) -> String {
    let cells = COLUMNS.map(|(figure, _, digits)| cell(sample.get(figure), digits));
    let others = sample.0.iter().filter(|(name, _)| COLUMNS.iter().all(|(column, ..)| column != *name));
    let others: Vec<_> = others.map(|(name, figure)| format!("  {name} {figure:.2}")).collect();
    format!("{name:<28}{}{}", cells.concat(), others.concat())
}

/// All results: medians, the spread of the rates, and ratios to what could be had.
pub fn table(results: &Results) -> String {
    let heads = COLUMNS.map(|(_, head, _)| format!("{head:>10}")).concat();
    let mut out = format!("{:<28}{heads}{:>17}{:>10}{:>10}  limit\n", "median", "spread", "× limit", "p99 ×");
    for entry in &results.entries {
        let middle = entry.samples.iter().flat_map(|sample| sample.0.keys().copied());
        let middle = middle.filter_map(|name| Some((name, entry.median(name)?))).collect();
        let spread =
            entry.spread(RATE).map_or_else(String::new, |spread| format!("{:.0}–{:.0}", spread.min, spread.max));
        let limit = entry.limit.as_deref().unwrap_or_default();
        let ratio = |name| results.ratio(&entry.name, name);
        out += &format!(
            "{}{spread:>17}{}{}  {limit}\n",
            line(&entry.name, &Sample(middle)),
            cell(ratio(RATE), 3),
            cell(ratio(P99), 3)
        );
    }
    out
}
