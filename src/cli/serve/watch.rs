//! The look at the server, so that readiness is honest without asking the server at each probe: once a second while all is
//! well, more often until it is again.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use crate::{
    metrics::Metrics,
    service::Service,
    store::{Fingerprints, Store, StoreError},
};

const EVERY: Duration = Duration::from_secs(1);
/// While the server is down, so that its return is soon seen: a quarter of the 1 s that calls then stay refused at most.
const WHILE_DOWN: Duration = Duration::from_millis(250);

/// Looks until aborted.
pub async fn run(store: Arc<Store>, metrics: Arc<Metrics>, mut fingerprints: Fingerprints, service: Arc<Service>) {
    let mut before: Option<StoreError> = None;
    loop {
        // They may have changed since.
        fingerprints.peppers = service.kids();
        let now = store.examine(&fingerprints).await.err();
        store.set_reachable(now.is_none());
        metrics.store_up.set(i64::from(now.is_none()));
        match (&before, &now) {
            (None, Some(error)) => tracing::error!(%error, "store is down"),
            (Some(_), None) => tracing::info!("store is back"),
            (Some(old), Some(new)) if old != new => tracing::error!(error = %new, "store is down"),
            _ => {}
        }
        sleep(if now.is_none() { EVERY } else { WHILE_DOWN }).await;
        before = now;
    }
}
