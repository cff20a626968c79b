//! What an event says of data that went back.

use crate::policy::numbered;

numbered! {
    /// Why the data of a bucket are taken to be older than they were.
    enum Cause;

    /// A replica took over, which may lack the last writes.
    Failover = 1, "failover";
    /// The server started anew, and nothing says that it has all that it had.
    Restart = 2, "restart";
    /// Its events do not go as far as was known.
    Behind = 3, "behind";
    /// It is not there any more, or a part of it.
    Gone = 4, "gone";
    /// It lies with another server, and nobody says that it came there as it was.
    Moved = 5, "moved";
}

/// Rollback details say how far data went back: positions as `epoch-events`.
#[derive(Debug)]
pub struct Rollback {
    /// Why.
    pub cause: &'static str,
    /// How far the events went that were found.
    pub found: String,
    /// When the newest of them was, ms since 1970; 0 = nobody knows.
    pub found_ms: u64,
    /// How far they were known to have gone.
    pub expected: Option<String>,
    /// Since when that was known, ms since 1970.
    pub expected_ms: Option<u64>,
}

impl Rollback {
    /// Reads what `lua/fence.lua` packs: u8 cause, then twice u48 epoch, u48 events, u48 ms.
    pub(super) fn unpack(bytes: &[u8]) -> Option<Self> {
        let (&[cause], rest) = bytes.split_first_chunk::<1>()?;
        let cause = Cause::from_number(cause)?.label();
        let (found, expected) = rest.split_first_chunk::<18>()?;
        let (found, found_ms, _) = position(found);
        let (expected, expected_ms, epoch) = position(expected.first_chunk::<18>()?);
        let known = epoch > 0;
        Some(Self {
            cause,
            found,
            found_ms,
            expected: known.then_some(expected),
            expected_ms: known.then_some(expected_ms),
        })
    }
}

/// The position, when it was, and its epoch.
fn position(bytes: &[u8; 18]) -> (String, u64, u64) {
    let mut numbers = bytes.chunks(6).map(|six| six.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)));
    let [epoch, events, ms] = std::array::from_fn(|_| numbers.next().unwrap_or(0));
    (format!("{epoch}-{events}"), ms, epoch)
}
