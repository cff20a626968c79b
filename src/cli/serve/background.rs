//! What runs beside the listeners: the exporter, and the look at the server.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch as signal, task::JoinHandle};

use super::{parts::Parts, watch};
use crate::{
    audit::exporter,
    service::{Service, gathering::EVERY},
};

/// See the module.
#[derive(Debug)]
pub struct Background {
    stop: signal::Sender<bool>,
    exporting: JoinHandle<()>,
    watching: JoinHandle<()>,
    gathering: JoinHandle<()>,
    service: Arc<Service>,
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
        let service = parts.service();
        let gathered = {
            let service = Arc::clone(&service);
            async move {
                loop {
                    tokio::time::sleep(EVERY).await;
                    service.record_gathered().await;
                }
            }
        };
        Ok(Self {
            gathering: tokio::spawn(gathered),
            service,
            stop,
            exporting: tokio::spawn(exported),
            watching: tokio::spawn(watched),
        })
    }

    /// Has the exporter go round once more, for at most `time`.
    pub async fn stop(self, time: Duration) {
        self.gathering.abort();
        let _ = tokio::time::timeout(time, async {
            // Aborted in the middle of one, it is tried again under the same name.
            self.service.record_gathered().await;
            let _ = self.stop.send(true);
            self.exporting.await
        })
        .await;
        self.watching.abort();
    }
}
