//! What the store remembers of where events went, asked for `audit verify --against-store`.

use std::{collections::BTreeMap, ffi::OsString, sync::Arc};

use secrecy::ExposeSecret as _;
use tokio::runtime::Builder;

use crate::{
    audit::trail::record::Exported,
    cli::Exit,
    config::{Config, StoreTarget},
    metrics::Metrics,
    store::{Fingerprints, Server, Store, StoreOptions},
};

/// Asks the store that `environment` names up to where events of each bucket went, and where to.
///
/// # Errors
/// Why it cannot be asked: [`Exit::Config`] where the environment makes no sense or the store is another's,
/// [`Exit::Unreachable`] where it does not answer.
pub fn exported(environment: Vec<(OsString, OsString)>) -> Result<BTreeMap<u8, Exported>, (Exit, String)> {
    let (config, _) = Config::from_env(environment).map_err(|mistakes| {
        let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        (Exit::Config, told.join("; "))
    })?;
    let (StoreTarget::Url(url), Some(index_key)) = (&config.store, &config.index_key) else {
        return Err((Exit::Config, "REDIS_URL must be set, as the sidecar has it".into()));
    };
    let server = Server::parse(url.expose_secret()).map_err(|why| (Exit::Config, format!("REDIS_URL {why}")))?;
    let server = server.with_files(config.redis_files.clone());
    let audit_key = config.audit.key.as_ref().map(|key| key.expose_secret());
    let fingerprints = Fingerprints::of(index_key.expose_secret(), audit_key, &config.peppers);
    // The only provider in the tree; a second one in one process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let fault = |why: String| (Exit::Fault, why);
    let metrics = Arc::new(Metrics::new().map_err(|error| fault(error.to_string()))?);
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| fault(error.to_string()))?;
    let options = StoreOptions { server: &server, timeout: config.redis_timeout, durability: config.durability };
    let asked = runtime.block_on(async {
        let store = Store::new(options, &config.policy, "audit-verify", metrics)?;
        store.probe(&fingerprints).await?;
        store.exported().await
    });
    let found = asked.map_err(|error| (Exit::Unreachable, format!("REDIS_URL: {error}")))?;
    let read = |(bucket, bytes): (crate::event::Bucket, Vec<u8>)| {
        let exported: Exported = serde_json::from_slice(&bytes).ok()?;
        Some((bucket.number(), exported))
    };
    Ok(found.into_iter().filter_map(read).collect())
}
