//! Waiting for something to become true, never for a time to pass.

use std::{
    future::Future,
    thread,
    time::{Duration, Instant},
};

/// Between two looks: short beside any deadline of the contract, long beside a loopback call.
const STEP: Duration = Duration::from_millis(10);

/// For what is bound to come and whose time is not what a test is about: long beside any of it on a machine that others
/// keep busy. What is about a time has the machine for itself (`.config/nextest.toml`).
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Looks until `look` finds something, and answers what it found.
///
/// # Panics
/// With `what` once `deadline` has passed.
#[track_caller]
pub fn until<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < deadline, "waited {deadline:?} in vain for: {what}");
        thread::sleep(STEP);
    }
}

/// [`until`] for a look that awaits. A single look may take as long as it likes; the deadline is read between looks.
///
/// # Panics
/// With `what` once `deadline` has passed.
pub async fn until_async<T, F: Future<Output = Option<T>>>(
    what: &str,
    deadline: Duration,
    mut look: impl FnMut() -> F,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < deadline, "waited {deadline:?} in vain for: {what}");
        tokio::time::sleep(STEP).await;
    }
}

#[test]
fn a_wait_ends_with_what_was_found() {
    let mut looks = 0;
    let found = until("a third look", PATIENCE, || {
        looks += 1;
        (looks == 3).then_some(looks)
    });
    assert_eq!(found, 3);
}

#[test]
#[should_panic(expected = "in vain for: the impossible")]
fn a_wait_in_vain_says_for_what() {
    until("the impossible", Duration::from_millis(30), || None::<()>);
}
