//! What runs beside the listeners: the exporter, the look at the server, at the backlog and at the log, and what is gathered.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{oneshot, watch as signal},
    task::JoinHandle,
};

use super::{apart::apart, budget::LAST_TRY, runtime::Runtime, trail::Opened, watch};
use crate::{
    delivery::Outbox,
    event::Kind,
    http::calls::health::Draining,
    service::{Service, suppressed::EVERY},
    sink::ship,
    telemetry::LostLines,
};

/// How often the backlog and the log are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The tasks, until they are stopped.
#[derive(Debug)]
pub struct Background {
    stop: signal::Sender<bool>,
    /// Ends once all is shipped that can be, or never where nothing is to be.
    shipping: Option<(signal::Sender<bool>, oneshot::Receiver<()>)>,
    exporting: JoinHandle<()>,
    watching: JoinHandle<()>,
    /// What is written of suppressed events and of the backlog.
    telling: JoinHandle<()>,
    delivering: JoinHandle<()>,
    /// The look at what is flagged, what users share, and location files.
    risk: JoinHandle<()>,
    delivery: Option<Arc<Outbox>>,
    service: Arc<Service>,
    name: String,
}

/// Runs what must not end; where it does, says so and is ready no more.
async fn without_end(what: &'static str, draining: Arc<Draining>, task: impl Future<Output: Send> + Send + 'static) {
    let _ = tokio::spawn(task).await;
    tracing::error!("{what} ended; no longer ready");
    draining.begin();
}

impl Background {
    /// Starts all of it; events go where `trail` says, and lines that the log loses are counted.
    ///
    /// # Errors
    /// If there can be no thread.
    pub fn start(runtime: &Runtime, trail: Opened, mut lost: LostLines) -> std::io::Result<Self> {
        let (stop, stopped) = signal::channel(false);
        // Before the first event is written, so that each begins with it.
        let couriers = runtime.couriers();
        let exporting = runtime.exporter(trail).start(stopped)?;
        let shipping = (!couriers.is_empty()).then(|| {
            let (stop, stopped) = signal::channel(false);
            apart("ship", ship(couriers, stopped)).map(|ended| (stop, ended))
        });
        let shipping = shipping.transpose()?;
        let (service, name) = (Arc::clone(&runtime.service), runtime.instance_id());
        let (metrics, draining) = (Arc::clone(&runtime.metrics), Arc::clone(&runtime.draining));
        let watching = watch::run(
            Arc::clone(&runtime.store),
            Arc::clone(&metrics),
            runtime.fingerprints.clone(),
            Arc::clone(&service),
        );
        let delivery = runtime.delivery.clone();
        let delivering = {
            let draining = Arc::clone(&draining);
            async move {
                if let Some(delivery) = delivery {
                    without_end("the look for messages", draining, delivery.look()).await;
                }
            }
        };
        let watching = without_end("the watch over the store", Arc::clone(&draining), watching);
        let exported = async move {
            if exporting.await.is_err() {
                without_end("the export of events", draining, async {}).await;
            }
        };
        let telling = {
            let (service, name) = (Arc::clone(&service), name.clone());
            async move {
                let behind = async {
                    loop {
                        service.watch_backlog(&name).await;
                        lost.count(&metrics.log_lines_lost);
                        tokio::time::sleep(LOOK).await;
                    }
                };
                let suppressed = async {
                    service.record_act(Kind::Start, &name).await;
                    loop {
                        service.write_suppressed().await;
                        tokio::time::sleep(EVERY).await;
                    }
                };
                tokio::join!(behind, suppressed);
            }
        };
        let risk = {
            let service = Arc::clone(&service);
            async move {
                tokio::join!(service.watch_risk(), service.watch_locations());
            }
        };
        Ok(Self {
            stop,
            shipping,
            exporting: tokio::spawn(exported),
            watching: tokio::spawn(watching),
            telling: tokio::spawn(telling),
            delivering: tokio::spawn(delivering),
            risk: tokio::spawn(risk),
            delivery: runtime.delivery.clone(),
            service,
            name,
        })
    }

    /// Begins no more tries, and waits for those that are under way.
    pub async fn stop_delivery(&self) {
        self.delivering.abort();
        if let Some(delivery) = &self.delivery {
            delivery.stop(LAST_TRY).await;
        }
    }

    /// Has the exporter go round once more, for at most `time`, and then what is written shipped, for at most `shipping`.
    pub async fn stop(self, time: Duration, shipping: Duration) {
        self.telling.abort();
        self.risk.abort();
        let _ = tokio::time::timeout(time, async {
            self.service.record_act(Kind::Stop, &self.name).await;
            // Aborted in the middle of one, it is tried again under the same name.
            self.service.write_suppressed().await;
            let _ = self.stop.send(true);
            self.exporting.await
        })
        .await;
        if let Some((stop, ended)) = self.shipping {
            let _ = stop.send(true);
            let _ = tokio::time::timeout(shipping, ended).await;
        }
        self.watching.abort();
    }
}
