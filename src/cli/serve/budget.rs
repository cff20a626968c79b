//! How long the end may take: each step's share, and their sum.

use std::time::Duration;

use crate::{
    http::limits::{DRAIN, DROP_GRACE},
    store::embedded::LONGEST_END,
    telemetry::LONGEST_FLUSH,
};

/// Between the word to stop and the listeners' close: whoever asks `/readyz` learns of it before connections are refused.
pub const NOTICE: Duration = Duration::from_millis(500);
/// How long events may take to leave at the end; the rest is exported by the next sidecar.
pub const LAST_EXPORT: Duration = Duration::from_secs(2);
/// How long events may then take to leave for sinks; the rest is shipped by the next sidecar.
pub const LAST_SHIP: Duration = Duration::from_millis(300);
/// How long messages may take that are being tried, while connections are drained; the rest is tried by the next sidecar.
pub const LAST_TRY: Duration = Duration::from_secs(1);
/// How long blocking tasks are waited for: whatever they are stuck in, we are done.
pub const RUNTIME: Duration = Duration::from_millis(100);

/// What the steps may take together. Whoever runs us ends us for good after 25 s or more, and a loaded machine needs
/// some of that between the steps.
const LONGEST: Duration = Duration::from_secs(24);

const STEPS: [Duration; 8] = [NOTICE, DRAIN, DROP_GRACE, LAST_EXPORT, LAST_SHIP, LONGEST_END, RUNTIME, LONGEST_FLUSH];

const fn sum(steps: &[Duration]) -> u128 {
    match steps {
        [] => 0,
        [first, rest @ ..] => first.as_millis() + sum(rest),
    }
}

const _: () = assert!(sum(&STEPS) <= LONGEST.as_millis(), "the end must not take longer than LONGEST");
