//! Times in answers: RFC 3339, UTC, milliseconds.

use std::time::{Duration, UNIX_EPOCH};

/// The last millisecond that RFC 3339 can write: its years have four digits. A record's times reach the year 10889.
const LAST: u64 = 253_402_300_799_999;

/// Writes `ms` since 1970 as `2026-01-01T10:05:00.123Z`; at most the end of the year 9999.
pub fn rfc3339(ms: u64) -> String {
    humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(ms.min(LAST))).to_string()
}

/// Writes the same; nothing for 0, which stands for never.
pub fn rfc3339_or_never(ms: u64) -> Option<String> {
    (ms > 0).then(|| rfc3339(ms))
}

/// Writes it in whole seconds, `2026-01-01T10:05:00Z`.
pub fn rfc3339_seconds(ms: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(ms.min(LAST))).to_string()
}
