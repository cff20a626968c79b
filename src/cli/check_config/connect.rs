//! `check-config --connect`: what the store says, without a change to it.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use tokio::runtime::Builder;

use crate::{
    cli::Exit,
    config::{Config, StoreTarget},
    metrics::Metrics,
    store::{Fingerprints, Server, Store, StoreError, StoreOptions, embedded},
};

/// Asks the store of `config` what `serve` asks before its first call; of the embedded default, only whether there is a server
/// on `path` and whether its directory can be used. Answers a line that says that all is well.
///
/// # Errors
/// What is wrong, with [`Exit::Config`] where the store must not be used as it is, [`Exit::Unreachable`] where it cannot be
/// asked, [`Exit::CannotWrite`] where the directory is not fit.
pub(super) fn ask(config: &Config, path: &str) -> Result<String, (Exit, String)> {
    let StoreTarget::Url(url) = &config.store else {
        let StoreTarget::Embedded { binary } = &config.store else { return Ok(String::new()) };
        let program = embedded::look(&config.data_dir, binary.clone(), path)
            .map_err(|error| (Exit::from(&error), error.to_string()))?;
        return Ok(format!("store: {} is there to be started over {}", program.display(), config.data_dir.display()));
    };
    let fault = |why: String| (Exit::Fault, why);
    let server = Server::parse(url.expose_secret()).map_err(|why| (Exit::Config, format!("REDIS_URL {why}")))?;
    let server = server.with_files(config.redis_files.clone());
    let index_key = config.index_key.as_ref().ok_or_else(|| fault("no index key".into()))?;
    let audit_key = config.audit.key.as_ref().map(|key| key.expose_secret());
    let fingerprints = Fingerprints::of(index_key.expose_secret(), audit_key, &config.peppers);
    // The only provider in the tree; a second one in one process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let metrics = Arc::new(Metrics::new().map_err(|error| fault(error.to_string()))?);
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| fault(error.to_string()))?;
    let options = StoreOptions { server: &server, timeout: config.redis_timeout, durability: config.durability };
    let asked = runtime
        .block_on(async { Store::new(options, &config.policy, "check-config", metrics)?.probe(&fingerprints).await });
    match asked {
        Ok(()) => Ok("store: it answers, and may be used".into()),
        Err(StoreError::Unreachable(why)) => Err((Exit::Unreachable, format!("REDIS_URL: cannot be reached: {why}"))),
        Err(StoreError::Unusable(why)) => Err((Exit::Config, format!("REDIS_URL: cannot use this Redis: {why}"))),
        Err(StoreError::Refused(code)) if code == "READONLY" => {
            Err((Exit::Config, "REDIS_URL: it is a replica; the URL must name the primary".into()))
        }
        Err(error) => Err((Exit::Unreachable, format!("REDIS_URL: {error}"))),
    }
}
