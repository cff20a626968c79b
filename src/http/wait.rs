//! How long a caller has to wait: as a number a program reads, and in words a person understands.

/// Seconds below which a wait is told in seconds, and minutes below which it is told in minutes.
const TOLD_FINELY: u64 = 120;

/// The `Retry-After` of a wait of `ms` milliseconds: whole seconds, rounded up, never 0, so that who obeys it is not
/// refused again.
pub const fn seconds(ms: u64) -> u64 {
    let seconds = ms.div_ceil(1000);
    if seconds == 0 { 1 } else { seconds }
}

/// `seconds` in words: seconds under two minutes, minutes under two hours, then hours; always rounded up.
pub fn words(seconds: u64) -> String {
    let minutes = seconds.div_ceil(60);
    if seconds < TOLD_FINELY {
        counted(seconds, "second")
    } else if minutes < TOLD_FINELY {
        counted(minutes, "minute")
    } else {
        counted(seconds.div_ceil(3600), "hour")
    }
}

fn counted(n: u64, unit: &str) -> String {
    if n == 1 { format!("1 {unit}") } else { format!("{n} {unit}s") }
}
