//! How much of what operators ask is done at once: the app's users wait for the same processors and the same Redis.

use std::time::Duration;

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{Code, Problem};

/// Calls that are done at once. One may read all events that are kept; the other is so that nobody waits for it who unlocks a
/// user.
const TURNS: usize = 2;
/// A call that has waited this long for its turn is refused.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long its operator is asked to wait then.
const RETRY_MS: u64 = 1000;

/// Lets so many calls be done at a time, in the order in which they came.
#[derive(Debug)]
pub struct Admission(Semaphore);

impl Default for Admission {
    fn default() -> Self {
        Self(Semaphore::new(TURNS))
    }
}

impl Admission {
    /// Waits for a turn, which lasts until what is returned is dropped.
    ///
    /// # Errors
    /// 503 `overloaded` after 5 s.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>, Problem> {
        let turn = timeout(PATIENCE, self.0.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| Problem::waiting(Code::Overloaded, RETRY_MS))
    }
}
