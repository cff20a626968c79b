//! The look at the location files: every 10 s, and at once on SIGHUP.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::spawn_blocking,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{metrics::Metrics, risk::geo::Locations};

/// Files are replaced once a week or so.
const EVERY: Duration = Duration::from_secs(10);
/// For how long new files must be the same before they are used.
const SETTLED: Duration = Duration::from_secs(1);

/// Takes location files anew when they have changed.
#[derive(Debug)]
pub struct LocationWatcher {
    locations: Arc<Locations>,
    hangup: Signal,
}

impl LocationWatcher {
    /// Begins to listen for SIGHUP.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn new(locations: Arc<Locations>) -> io::Result<Self> {
        Ok(Self { locations, hangup: signal(SignalKind::hangup())? })
    }

    /// Looks until aborted.
    pub async fn run(mut self, metrics: Arc<Metrics>) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            metrics.geo_bad.set(self.locations.is_bad().into());
            metrics.geo_built.set(self.locations.built() as f64);
            tokio::select! {
                _ = ticks.tick() => {}
                _ = self.hangup.recv() => {}
            }
            let before = self.locations.stamps();
            if self.locations.knows(&before) {
                continue;
            }
            sleep(SETTLED).await;
            if self.locations.stamps() != before {
                continue;
            }
            let locations = Arc::clone(&self.locations);
            match spawn_blocking(move || locations.look()).await {
                Ok(Ok(())) => tracing::info!("location files read again"),
                Ok(Err(why)) => tracing::error!("OTP_GEO_DB {why}; locations are those from before"),
                Err(error) => tracing::error!(%error, "location files could not be read again"),
            }
        }
    }
}
