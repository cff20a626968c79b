//! The signals that end us.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGTERM or SIGINT. Where neither can be listened for, waits for ever: the signal itself then ends us.
pub async fn wait() {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

/// Waits for `time`, or for one more signal from somebody in a hurry.
pub async fn second_or(time: Duration) {
    let _ = tokio::time::timeout(time, wait()).await;
}
