//! The store of `REDIS_URL`, asked once by a command that serves nobody.

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use super::{
    exit::{Exit, Failure},
    runtime,
};
use crate::{
    config::{Config, StoreTarget},
    metrics::Metrics,
    store::{Fingerprints, Store, StoreError, StoreOptions},
};

/// Asks the store what `serve` asks before its first call, as `name`, and then `question`. Nothing is changed there.
///
/// # Errors
/// What is wrong, with [`Exit::Config`] where there is no `REDIS_URL` or the store must not be used as it is,
/// [`Exit::Unreachable`] where it cannot be asked.
pub fn ask<T>(
    config: &Config,
    name: &str,
    question: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
) -> Result<T, Failure> {
    let (StoreTarget::Url { server, .. }, Some(index_key)) = (&config.store, &config.index_key) else {
        return Err(Failure::said(Exit::Config, "REDIS_URL must be set, as the sidecar has it"));
    };
    let audit_key = config.audit.key.as_ref().map(|key| key.expose_secret());
    let fingerprints = Fingerprints::of(index_key.expose_secret(), audit_key, &config.peppers);
    let metrics = Metrics::new().map_err(|error| Failure::said(Exit::Fault, error.to_string()))?;
    let options = StoreOptions { server, timeout: config.redis_timeout, durability: config.durability };
    let asked = runtime()?.block_on(async {
        let store = Store::new(options, &config.policy, name, Arc::new(metrics))?;
        store.probe(&fingerprints).await?;
        question(&store).await
    });
    asked.map_err(|error| match error {
        StoreError::Unusable(why) => Failure::said(Exit::Config, format!("REDIS_URL: cannot use this Redis: {why}")),
        StoreError::Refused(code) if code == "READONLY" => {
            Failure::said(Exit::Config, "REDIS_URL: it is a replica; the URL must name the primary")
        }
        StoreError::Unreachable(why) => {
            Failure::said(Exit::Unreachable, format!("REDIS_URL: cannot be reached: {why}"))
        }
        error => Failure::said(Exit::Unreachable, format!("REDIS_URL: {error}")),
    })
}
