//! What a supervisor is told that asks for it as systemd does (`sd_notify(3)`): that we are ready, that we are alive, that we
//! are on our way out. Where nobody asks, nobody is told.

use std::{convert::Infallible, sync::Arc, time::Duration};

use sd_notify::NotifyState::{self, Ready, Status, Stopping, Watchdog};
use tokio::{task::spawn_blocking, time::timeout};

use crate::http::calls::health::Draining;

/// A supervisor that does not read must not hold us up for longer.
const LONGEST: Duration = Duration::from_millis(50);

/// The admin listener is open, the app's will be once Redis was seen.
pub async fn waiting() {
    tell(vec![Status("Waiting for Redis")]).await;
}

/// Calls can be decided.
pub async fn ready() {
    tell(vec![Ready, Status("Serving")]).await;
}

/// On our way out.
pub async fn stopping() {
    tell(vec![Stopping, Status("Draining")]).await;
}

/// Says that we are alive, twice in the time within which it must be said, for as long as this is polled. Not while what
/// must run in the background has ended: then we are to be started anew. That Redis is down is no reason to.
pub async fn live(draining: Arc<Draining>) -> Infallible {
    let Some(within) = sd_notify::watchdog_enabled().filter(|within| !within.is_zero()) else {
        return std::future::pending().await;
    };
    loop {
        if !draining.begun() {
            tell(vec![Watchdog]).await;
        }
        tokio::time::sleep(within / 2).await;
    }
}

/// Beside the threads that answer, since the library waits for whoever reads.
async fn tell(states: Vec<NotifyState<'static>>) {
    let telling = spawn_blocking(move || sd_notify::notify(&states));
    if let Ok(Ok(Err(error))) = timeout(LONGEST, telling).await {
        tracing::debug!(%error, "NOTIFY_SOCKET");
    }
}
