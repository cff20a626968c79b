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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_and_never_zero() {
        for (ms, expected) in
            [(0, 1), (1, 1), (999, 1), (1000, 1), (1001, 2), (29_001, 30), (u64::MAX, u64::MAX / 1000 + 1)]
        {
            assert_eq!(seconds(ms), expected, "{ms} ms");
        }
    }

    #[test]
    fn a_wait_is_told_in_the_unit_a_person_would_use() {
        for (s, expected) in [
            (1, "1 second"),
            (30, "30 seconds"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (121, "3 minutes"),
            (840, "14 minutes"),
            (7_140, "119 minutes"),
            (7_141, "2 hours"),
            (7_200, "2 hours"),
            (7_201, "3 hours"),
            (86_400, "24 hours"),
        ] {
            assert_eq!(words(s), expected, "{s} s");
        }
    }
}
