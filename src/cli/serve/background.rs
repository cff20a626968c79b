//! What runs beside the listeners: the exporter, and the look at the server.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch as signal, task::JoinHandle};

use super::{parts::Parts, watch};
use crate::audit::exporter;

/// See the module.
#[derive(Debug)]
pub struct Background {
    stop: signal::Sender<bool>,
    exporting: JoinHandle<()>,
    watching: JoinHandle<()>,
}

impl Background {
    /// Starts both.
    ///
    /// # Errors
    /// If there can be no thread.
    pub fn start(parts: &Parts) -> std::io::Result<Self> {
        let (stop, stopped) = signal::channel(false);
        let exporting = exporter::start(parts.store(), parts.metrics(), parts.name(), stopped)?;
        let watching = watch::run(parts.store(), parts.metrics(), parts.fingerprint());
        let fail = {
            let draining = parts.draining();
            Arc::new(move |what: &'static str| {
                tracing::error!("{what} ended; no longer ready");
                draining.begin();
            })
        };
        let watched = {
            let fail = Arc::clone(&fail);
            async move {
                let _ = tokio::spawn(watching).await;
                fail("the watch over the store");
            }
        };
        let exported = async move {
            if exporting.await.is_err() {
                fail("the export of events");
            }
        };
        Ok(Self { stop, exporting: tokio::spawn(exported), watching: tokio::spawn(watched) })
    }

    /// Has the exporter go round once more, for at most `time`.
    pub async fn stop(self, time: Duration) {
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(time, self.exporting).await;
        self.watching.abort();
    }
}
