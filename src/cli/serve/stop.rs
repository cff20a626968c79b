//! The signals that end us.

use std::{io, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for SIGTERM and SIGINT from when it is made, so that none is lost between two waits.
#[derive(Debug)]
pub struct Stop {
    term: Signal,
    int: Signal,
}

impl Stop {
    /// Begins to listen.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn new() -> io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? })
    }

    /// Waits for one of them.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }

    /// Waits for `time`, or for one more signal from somebody in a hurry.
    pub async fn wait_at_most(&mut self, time: Duration) {
        let _ = tokio::time::timeout(time, self.wait()).await;
    }
}
