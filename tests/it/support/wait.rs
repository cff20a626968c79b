//! Waiting for something to become true, never for a time to pass.

use std::{
    future::Future,
    thread,
    time::{Duration, Instant},
};

/// Between two looks: short beside any deadline of the contract, long beside a loopback call.
const STEP: Duration = Duration::from_millis(10);
/// So many times later than it should be woken at most.
const LATEST: f64 = 5.0;

/// For what is bound to come and whose time is not what a test is about: long beside any of it on a machine that others
/// keep busy. What is about a time has the machine for itself (`.config/nextest.toml`).
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A wait for something, which lasts the longer the later it is woken: whoever has the processor in our place has it in the
/// sidecar's as well.
struct Wait {
    deadline: Duration,
    began: Instant,
    /// Rests so far, and when the last one began.
    rests: u32,
    resting: Instant,
    /// What all of them took.
    rested: Duration,
}

impl Wait {
    fn begin(deadline: Duration) -> Self {
        let now = Instant::now();
        Self { deadline, began: now, rests: 0, resting: now, rested: Duration::ZERO }
    }

    /// Before each rest.
    #[track_caller]
    fn rest(&mut self, what: &str) {
        let late = self.rested.as_secs_f64() / (STEP * self.rests.max(1)).as_secs_f64();
        let deadline = self.deadline.mul_f64(late.clamp(1.0, LATEST));
        assert!(self.began.elapsed() < deadline, "waited {deadline:?} in vain for: {what}");
        self.resting = Instant::now();
    }

    /// After it.
    fn woken(&mut self) {
        self.rests += 1;
        self.rested += self.resting.elapsed();
    }
}

/// Looks until `look` finds something, and answers what it found.
///
/// # Panics
/// With `what` once `deadline` has passed: on a machine that wakes us late, that many times later.
#[track_caller]
pub fn until<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let mut wait = Wait::begin(deadline);
    loop {
        if let Some(found) = look() {
            return found;
        }
        wait.rest(what);
        thread::sleep(STEP);
        wait.woken();
    }
}

/// [`until`] for a look that awaits. A single look may take as long as it likes; the deadline is read between looks.
///
/// # Panics
/// As [`until`] does.
pub async fn until_async<T, F: Future<Output = Option<T>>>(
    what: &str,
    deadline: Duration,
    mut look: impl FnMut() -> F,
) -> T {
    let mut wait = Wait::begin(deadline);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        wait.rest(what);
        tokio::time::sleep(STEP).await;
        wait.woken();
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
