//! What runs beside the listeners: the exporter, the look at the server, at the backlog and at the log, and what is gathered.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch as signal, task::JoinHandle};

use super::{budget::LAST_TRY, runtime::Runtime, trail::Opened, watch};
use crate::{
    delivery::Outbox,
    event::Kind,
    service::{Service, suppressed::EVERY},
    telemetry::LostLines,
};

/// How often the backlog and the log are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The tasks, until they are stopped.
#[derive(Debug)]
pub struct Background {
    stop: signal::Sender<bool>,
    exporting: JoinHandle<()>,
    watching: JoinHandle<()>,
    suppressed: JoinHandle<()>,
    behind: JoinHandle<()>,
    delivering: JoinHandle<()>,
    delivery: Option<Arc<Outbox>>,
    service: Arc<Service>,
    name: String,
}

impl Background {
    /// Starts all of it; events go where `trail` says, and lines that the log loses are counted.
    ///
    /// # Errors
    /// If there can be no thread.
    pub fn start(runtime: &Runtime, trail: Opened, mut lost: LostLines) -> std::io::Result<Self> {
        let (stop, stopped) = signal::channel(false);
        let exporting = runtime.exporter(trail).start(stopped)?;
        let watching = watch::run(
            Arc::clone(&runtime.store),
            Arc::clone(&runtime.metrics),
            runtime.fingerprints.clone(),
            Arc::clone(&runtime.service),
        );
        let fail = {
            let draining = Arc::clone(&runtime.draining);
            Arc::new(move |what: &'static str| {
                tracing::error!("{what} ended; no longer ready");
                draining.begin();
            })
        };
        let delivering = {
            let (fail, delivery) = (Arc::clone(&fail), runtime.delivery.clone());
            async move {
                if let Some(delivery) = delivery {
                    let _ = tokio::spawn(delivery.look()).await;
                    fail("the look for messages");
                }
            }
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
        let (service, name) = (Arc::clone(&runtime.service), runtime.instance_id());
        let behind = {
            let (service, name, metrics) = (Arc::clone(&service), name.clone(), Arc::clone(&runtime.metrics));
            async move {
                loop {
                    service.watch_backlog(&name).await;
                    lost.count(&metrics.log_lines_lost);
                    tokio::time::sleep(LOOK).await;
                }
            }
        };
        let suppressed = {
            let (service, name) = (Arc::clone(&service), name.clone());
            async move {
                service.record_act(Kind::Start, &name).await;
                loop {
                    service.write_suppressed().await;
                    tokio::time::sleep(EVERY).await;
                }
            }
        };
        Ok(Self {
            suppressed: tokio::spawn(suppressed),
            behind: tokio::spawn(behind),
            delivering: tokio::spawn(delivering),
            delivery: runtime.delivery.clone(),
            service,
            name,
            stop,
            exporting: tokio::spawn(exported),
            watching: tokio::spawn(watched),
        })
    }

    /// Begins no more tries, and waits for those that are under way.
    pub async fn stop_delivery(&self) {
        self.delivering.abort();
        if let Some(delivery) = &self.delivery {
            delivery.stop(LAST_TRY).await;
        }
    }

    /// Has the exporter go round once more, for at most `time`.
    pub async fn stop(self, time: Duration) {
        self.suppressed.abort();
        self.behind.abort();
        let _ = tokio::time::timeout(time, async {
            self.service.record_act(Kind::Stop, &self.name).await;
            // Aborted in the middle of one, it is tried again under the same name.
            self.service.write_suppressed().await;
            let _ = self.stop.send(true);
            self.exporting.await
        })
        .await;
        self.watching.abort();
    }
}
