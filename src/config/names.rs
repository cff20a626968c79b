//! Which name in the environment is ours, which is somebody else's, and which is ours misspelt.

use strsim::osa_distance;

use super::{
    table::{VARIABLES, find},
    value::printable,
    variable::Variable,
};

/// Letters of a name that are compared; no name of ours with its purpose is longer.
const COMPARED: usize = 80;

/// What a name in the environment means.
#[derive(Debug)]
pub(super) enum Name {
    /// A variable of the table, or the file form of a secret.
    Variable(&'static Variable),
    /// A variable for one purpose or one channel, in lower case; with `_FILE` behind it, its file form.
    Own(&'static Variable, String),
    /// Ours, and wrong: the rest of a sentence that begins with the name.
    Wrong(String),
    /// Not ours.
    Foreign,
}

/// Says what `name` means.
pub(super) fn classify(name: &str) -> Name {
    let file = || name.strip_suffix("_FILE").and_then(find).filter(|row| row.is_secret());
    if let Some(row) = find(name).or_else(file) {
        return Name::Variable(row);
    }
    let ours = name.starts_with("OTP_");
    if let Some((base, purpose)) = name.split_once("__")
        && let Some(row) = find(base).filter(|row| ours || row.watched)
    {
        return of_purpose(row, purpose);
    }
    if ours && !is_service_link(name) {
        return Name::Wrong(format!("is not a known variable; the nearest is {}", nearest(name)));
    }
    match misspelt(name).filter(|_| !ours) {
        Some(meant) => Name::Wrong(format!("looks like {meant} misspelt; correct or remove it")),
        None => Name::Foreign,
    }
}

fn of_purpose(row: &'static Variable, name: &str) -> Name {
    let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let is_name = |name: &str, longest| (1..=longest).contains(&name.len()) && name.bytes().all(upper);
    if row.per_channel {
        let channel = name.strip_suffix("_FILE").filter(|_| row.is_secret()).unwrap_or(name);
        // As a call names it; that one is for codes that the caller gets.
        if is_name(channel, 16) && channel.starts_with(|c: char| c.is_ascii_uppercase()) && channel != "RETURN" {
            return Name::Own(row, channel.to_ascii_lowercase());
        }
        let wanted =
            "must name a channel after the `__`: a letter, then up to 15 of A to Z, 0 to 9 and `_`; not RETURN";
        return Name::Wrong(wanted.into());
    }
    if !row.per_purpose {
        Name::Wrong(format!("cannot be set for one purpose, only as {}", row.name))
    } else if is_name(name, 32) {
        Name::Own(row, name.to_ascii_lowercase())
    } else {
        Name::Wrong("must name a purpose after the `__`: 1 to 32 of A to Z, 0 to 9 and `_`".into())
    }
}

/// What Kubernetes injects for a Service whose name begins with `otp`: not written by the operator, so no mistake.
fn is_service_link(name: &str) -> bool {
    let port = |tail: &str| tail.is_empty() || tail.starts_with('_');
    let protocol = |after: &str| {
        let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        let tail = ["_TCP", "_UDP", "_SCTP"].iter().find_map(|protocol| rest.strip_prefix(protocol));
        rest.len() < after.len() && tail.is_some_and(port)
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_PORT")
        || name.split_once("_SERVICE_PORT").is_some_and(|(_, tail)| port(tail))
        || name.match_indices("_PORT_").any(|(at, found)| name.get(at + found.len()..).is_some_and(protocol))
}

/// The watched name that `name`, or its part before a purpose, is one or two letters away from.
fn misspelt(name: &str) -> Option<String> {
    let watched = || VARIABLES.iter().filter(|row| row.watched);
    let close = |given: &str, meant: &str| given.len().abs_diff(meant.len()) <= 2 && osa_distance(given, meant) <= 2;
    let base = name.split_once("__").map_or(name, |(base, _)| base);
    if let Some(row) = watched().find(|row| close(base, row.name)) {
        return Some(row.name.to_owned());
    }
    watched().filter(|row| row.per_purpose).map(|row| format!("{}__", row.name)).find_map(|start| {
        let mut heads = (start.len() - 1..=start.len() + 1).filter_map(|at| name.split_at_checked(at));
        let (_, purpose) = heads.find(|(head, tail)| !tail.is_empty() && osa_distance(head, &start) <= 1)?;
        Some(format!("{start}{}", printable(purpose)))
    })
}

/// The known spelling with the fewest letters to put in, leave out, change or swap.
fn nearest(name: &str) -> String {
    let spellings = VARIABLES.iter().flat_map(|row| {
        // One underscore instead of two is the likeliest slip.
        let single = || name.strip_prefix(row.name).and_then(|tail| tail.strip_prefix('_'));
        let purpose = name.split_once("__").map(|(_, purpose)| purpose).or_else(single).filter(|_| row.per_purpose);
        let purpose = purpose.map(|purpose| format!("{}__{}", row.name, printable(purpose)));
        let file = row.is_secret().then(|| format!("{}_FILE", row.name));
        [Some(row.name.to_owned()), file, purpose].into_iter().flatten()
    });
    let compared: String = name.chars().take(COMPARED).collect();
    spellings.min_by_key(|spelling| osa_distance(&compared, spelling)).unwrap_or_default()
}
