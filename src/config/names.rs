//! Which name in the environment is ours, which is somebody else's, and which is ours misspelt.

use super::{
    mistake::printable,
    table::{self, VARIABLES},
    variable::Variable,
};

/// Names that a shared environment could also hold by chance and yet decide about security: close misspellings of
/// these are mistakes even without our prefix.
const WATCHED: [&str; 8] = [
    "OTP_LENGTH",
    "OTP_LIFETIME_MINUTES",
    "RESEND_COOLDOWN_SECONDS",
    "MAX_ATTEMPTS_PER_USER_PER_HOUR",
    "MAX_ATTEMPTS_PER_IP_PER_HOUR",
    "MAX_FAILED_VERIFICATIONS_PER_OTP",
    "ACCOUNT_LOCKOUT_MINUTES",
    "PROGRESSIVE_LOCKOUT",
];
/// Letters of a name that are compared; no name of ours with its purpose is longer.
const COMPARED: usize = 80;

/// What a name in the environment means.
#[derive(Debug)]
pub(super) enum Name {
    /// A variable of the table.
    Variable(&'static Variable),
    /// The file form of a secret.
    File(&'static Variable),
    /// A variable for one purpose, in lower case.
    Purpose(&'static Variable, String),
    /// Ours, and wrong: the rest of a sentence that begins with the name.
    Wrong(String),
    /// Not ours.
    Foreign,
}

/// Says what `name` means.
pub(super) fn classify(name: &str) -> Name {
    if let Some(row) = table::find(name) {
        return Name::Variable(row);
    }
    if let Some(row) = name.strip_suffix("_FILE").and_then(table::find).filter(|row| row.secret) {
        return Name::File(row);
    }
    let ours = name.starts_with("OTP_");
    if let Some((base, purpose)) = name.split_once("__") {
        let row = table::find(base).filter(|_| ours || WATCHED.contains(&base));
        if let Some(row) = row {
            return of_purpose(row, purpose);
        }
    }
    if ours && !is_service_link(name) {
        return Name::Wrong(format!("is not a known variable; the nearest is {}", nearest(name)));
    }
    match misspelt(name).filter(|_| !ours) {
        Some(meant) => Name::Wrong(format!("looks like {meant} misspelt; correct or remove it")),
        None => Name::Foreign,
    }
}

fn of_purpose(row: &'static Variable, purpose: &str) -> Name {
    let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    if !row.per_purpose {
        Name::Wrong(format!("cannot be set for one purpose, only as {}", row.name))
    } else if (1..=32).contains(&purpose.len()) && purpose.bytes().all(upper) {
        Name::Purpose(row, purpose.to_ascii_lowercase())
    } else {
        Name::Wrong("must name a purpose after the `__`: 1 to 32 of A to Z, 0 to 9 and `_`".into())
    }
}

/// What Kubernetes injects for a Service whose name begins with `otp`: not written by the operator, so no mistake.
fn is_service_link(name: &str) -> bool {
    let port = |tail: &str| tail.is_empty() || tail.starts_with('_');
    if name.ends_with("_SERVICE_HOST") || name.ends_with("_PORT") {
        return true;
    }
    if name.split_once("_SERVICE_PORT").is_some_and(|(_, tail)| port(tail)) {
        return true;
    }
    name.match_indices("_PORT_").any(|(at, found)| {
        let after = name.get(at + found.len()..).unwrap_or_default();
        let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        let protocol = ["_TCP", "_UDP", "_SCTP"].iter().find_map(|p| rest.strip_prefix(p));
        rest.len() < after.len() && protocol.is_some_and(port)
    })
}

/// The watched name that `name`, or its part before a purpose, is one or two letters away from.
fn misspelt(name: &str) -> Option<String> {
    let close = |given: &str, meant: &str| given.len().abs_diff(meant.len()) <= 2 && distance(given, meant) <= 2;
    let base = name.split_once("__").map_or(name, |(base, _)| base);
    let whole = WATCHED.iter().find(|meant| close(base, meant));
    if let Some(meant) = whole {
        return Some((*meant).to_owned());
    }
    let per_purpose = WATCHED.iter().filter(|w| table::find(w).is_some_and(|row| row.per_purpose));
    per_purpose.map(|meant| format!("{meant}__")).find_map(|start| {
        let lengths = start.len() - 1..=start.len() + 1;
        let mut heads = lengths.filter_map(|at| name.split_at_checked(at));
        let (_, purpose) = heads.find(|(head, tail)| !tail.is_empty() && distance(head, &start) <= 1)?;
        Some(format!("{start}{}", printable(purpose)))
    })
}

/// The known spelling with the fewest letters to change.
fn nearest(name: &str) -> String {
    let known = VARIABLES.iter();
    let plain = known.clone().map(|row| row.name.to_owned());
    let files = known.clone().filter(|row| row.secret).map(|row| format!("{}_FILE", row.name));
    let purposes = known.clone().filter(|row| row.per_purpose).filter_map(|row| {
        // One underscore instead of two is the likeliest slip.
        let single = name.strip_prefix(row.name).and_then(|tail| tail.strip_prefix('_'));
        let purpose = name.split_once("__").map(|(_, purpose)| purpose).or(single)?;
        Some(format!("{}__{}", row.name, printable(purpose)))
    });
    plain.chain(files).chain(purposes).min_by_key(|candidate| distance(name, candidate)).unwrap_or_default()
}

/// How many letters must be put in, left out, changed or swapped with their neighbour to get from one to the other
/// (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(COMPARED).collect();
    let b: Vec<char> = b.chars().take(COMPARED).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut last_a = None;
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        let mut last_b = None;
        for (j, &y) in b.iter().enumerate() {
            let cell = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(usize::MAX / 2);
            let changed = cell(&above, j) + usize::from(x != y);
            let mut least = changed.min(cell(&above, j + 1) + 1).min(cell(&row, j) + 1);
            if last_a == Some(y) && last_b == Some(x) {
                least = least.min(cell(&before, j.saturating_sub(1)) + 1);
            }
            row.push(least);
            last_b = Some(y);
        }
        before = std::mem::replace(&mut above, row);
        last_a = Some(x);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_letters() {
        for (a, b, letters) in [
            ("", "", 0),
            ("ABC", "", 3),
            ("ABC", "ABC", 0),
            ("ABC", "ACB", 1),
            ("ABC", "ABD", 1),
            ("KITTEN", "SITTING", 3),
        ] {
            assert_eq!(distance(a, b), letters, "{a} {b}");
        }
    }
}
