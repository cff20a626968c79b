//! What runs beside the listeners: the exporter, the look at the server, at the backlog and at the log, and what is gathered.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{oneshot, watch as signal},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

use super::{
    apart::{EXPORTER, OPERATORS, apart},
    budget::LAST_TRY,
    runtime::Runtime,
    trail::Opened,
    watch, watched,
};
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
    /// What is written of suppressed events and of the backlog; the look at what is flagged, what users share, and location files.
    telling: JoinSet<()>,
    delivering: JoinHandle<()>,
    delivery: Option<Arc<Outbox>>,
    service: Arc<Service>,
    name: String,
}

/// Runs what must not end; where it does, says so and is ready no more.
pub async fn without_end(
    what: &'static str,
    draining: Arc<Draining>,
    task: impl Future<Output: Send> + Send + 'static,
) {
    let _ = tokio::spawn(task).await;
    tracing::error!("{what} ended; no longer ready");
    draining.begin();
}

impl Background {
    /// Starts all of it; events go where `trail` says, and lines that the log loses are counted.
    ///
    /// # Errors
    /// If there can be no thread.
    pub fn start(runtime: &Runtime<'_>, trail: Opened, mut lost: LostLines) -> std::io::Result<Self> {
        let (stop, stopped) = signal::channel(false);
        // Before the first event is written, so that each begins with it.
        let couriers = runtime.couriers();
        let exporting = apart("export", EXPORTER, trail.exporter(runtime).run(stopped))?;
        let shipping = (!couriers.is_empty()).then(|| {
            let (stop, stopped) = signal::channel(false);
            apart("ship", OPERATORS, ship(couriers, stopped)).map(|ended| (stop, ended))
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
        let mut telling = JoinSet::new();
        let (own, by, all) = (Arc::clone(&service), name.clone(), Arc::clone(&metrics));
        telling.spawn(async move {
            loop {
                own.watch_backlog(&by).await;
                lost.count(&all.log_lines_lost);
                sleep(LOOK).await;
            }
        });
        let (own, by) = (Arc::clone(&service), name.clone());
        telling.spawn(async move {
            own.record_act(Kind::Start, &by).await;
            loop {
                own.write_suppressed().await;
                sleep(EVERY).await;
            }
        });
        let own = Arc::clone(&service);
        telling.spawn(async move { own.watch_risk().await });
        if let Some(files) = runtime.config.locations.clone() {
            telling.spawn(watched::locations(files, metrics)?);
        }
        Ok(Self {
            stop,
            shipping,
            exporting: tokio::spawn(exported),
            watching: tokio::spawn(watching),
            telling,
            delivering: tokio::spawn(delivering),
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
    pub async fn stop(mut self, time: Duration, shipping: Duration) {
        self.telling.abort_all();
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
