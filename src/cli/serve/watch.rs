//! The once-a-second look at the server, so that readiness is honest without asking the server at each probe.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::{
    metrics::Metrics,
    store::{Store, StoreError},
};

const EVERY: Duration = Duration::from_secs(1);

/// Looks until aborted.
pub async fn run(store: Arc<Store>, metrics: Arc<Metrics>, fingerprint: [u8; 16]) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before: Option<StoreError> = None;
    loop {
        ticks.tick().await;
        let now = store.examine(&fingerprint).await.err();
        store.set_reachable(now.is_none());
        metrics.store_up.set(i64::from(now.is_none()));
        match (&before, &now) {
            (None, Some(error)) => tracing::error!(%error, "store is down"),
            (Some(_), None) => tracing::info!("store is back"),
            (Some(old), Some(new)) if old != new => tracing::error!(error = %new, "store is down"),
            _ => {}
        }
        before = now;
    }
}
