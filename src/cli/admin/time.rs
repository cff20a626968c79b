//! Times as people read them: to the second, UTC.

use std::time::{Duration, UNIX_EPOCH};

/// An instant of an answer (`2026-01-01T10:05:00.123Z`) as `2026-01-01 10:05:00Z`; anything else as it is.
pub fn instant(text: &str) -> String {
    match text.split_once('T') {
        Some((date, time)) if text.is_ascii() && text.ends_with('Z') && date.len() == 10 && time.len() >= 9 => {
            format!("{date} {}Z", time.get(..8).unwrap_or(time))
        }
        _ => text.to_owned(),
    }
}

/// ms since 1970 in the same way.
pub fn of_millis(ms: u64) -> String {
    /// The end of the year 9999, which is the last that can be written.
    const LAST: u64 = 253_402_300_799_999;
    let time = UNIX_EPOCH + Duration::from_millis(ms.min(LAST));
    instant(&humantime::format_rfc3339_millis(time).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_the_second_and_nothing_else_is_touched() {
        assert_eq!(instant("2026-01-01T10:05:00.123Z"), "2026-01-01 10:05:00Z");
        assert_eq!(of_millis(1_767_261_900_123), "2026-01-01 10:05:00Z");
        for other in ["-", "T", "\u{1b}T00000000Z", "ätherTagZ"] {
            assert_eq!(instant(other), other);
        }
    }
}
