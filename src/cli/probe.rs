//! The store of `REDIS_URL`, asked once by a command that serves nobody.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use tokio::runtime::Builder;

use super::Exit;
use crate::{
    config::{Config, StoreTarget},
    metrics::Metrics,
    store::{Fingerprints, Server, Store, StoreError, StoreOptions},
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
) -> Result<T, (Exit, String)> {
    let fault = |why: String| (Exit::Fault, why);
    let wrong = |why: String| (Exit::Config, format!("REDIS_URL{why}"));
    let (StoreTarget::Url(url), Some(index_key)) = (&config.store, &config.index_key) else {
        return Err(wrong(" must be set, as the sidecar has it".into()));
    };
    let server = Server::parse(url.expose_secret()).map_err(|why| wrong(format!(" {why}")))?;
    let server = server.with_files(config.redis_files.clone());
    let audit_key = config.audit.key.as_ref().map(|key| key.expose_secret());
    let fingerprints = Fingerprints::of(index_key.expose_secret(), audit_key, &config.peppers);
    // The only provider in the tree; a second one in one process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let metrics = Arc::new(Metrics::new().map_err(|error| fault(error.to_string()))?);
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| fault(error.to_string()))?;
    let options = StoreOptions { server: &server, timeout: config.redis_timeout, durability: config.durability };
    let asked = runtime.block_on(async {
        let store = Store::new(options, &config.policy, name, metrics)?;
        store.probe(&fingerprints).await?;
        question(&store).await
    });
    asked.map_err(|error| match error {
        StoreError::Unusable(why) => wrong(format!(": cannot use this Redis: {why}")),
        StoreError::Refused(code) if code == "READONLY" => {
            wrong(": it is a replica; the URL must name the primary".into())
        }
        StoreError::Unreachable(why) => (Exit::Unreachable, format!("REDIS_URL: cannot be reached: {why}")),
        error => (Exit::Unreachable, format!("REDIS_URL: {error}")),
    })
}
