//! Where the audit trail of a running sidecar goes.

use std::{
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    audit::{
        positions::PositionsFile,
        sink::Sink,
        trail::{Keeper, Limits, Place, Settings, Trail},
    },
    cli::exit::Exit,
    config::{self, AuditConfig},
    event::Bucket,
    files,
    metrics::Metrics,
    secret::{AuditKey, TrailKeys},
    store::positions::{Position, Positions},
};

/// The opened trail, and where it is kept how far events went.
#[derive(Debug)]
pub struct Opened {
    /// Where events go.
    pub sink: Sink,
    /// `None` where it cannot be read there.
    pub positions: Option<PositionsFile>,
}

/// Opens it, so that a sidecar whose trail cannot be written does not start, and learns how far events went.
pub fn open(
    config: &AuditConfig,
    data_dir: &Path,
    key: &AuditKey,
    metrics: Arc<Metrics>,
    positions: Arc<Positions>,
) -> Result<Opened, (Exit, String)> {
    let sink = sink(config, data_dir, key, metrics)?;
    let with_trail = config.sink != config::Sink::Stdout;
    let root = if with_trail { config.dir.as_path() } else { data_dir };
    for (bucket, last) in sink.trail().into_iter().flat_map(Trail::positions) {
        let at = Position { epoch: last.epoch, events: last.seq.saturating_add(1) };
        Bucket::of_number(*bucket).into_iter().for_each(|bucket| positions.learn(bucket, at));
    }
    match PositionsFile::open(root.to_owned(), positions, now_ms()) {
        Ok(file) => Ok(Opened { sink, positions: Some(file) }),
        Err(error) if with_trail => Err((Exit::CannotWrite, format!("OTP_AUDIT_DIR: {error}"))),
        Err(error) => {
            tracing::debug!(%error, "how far events went is not kept (OTP_DATA_DIR)");
            Ok(Opened { sink, positions: None })
        }
    }
}

fn sink(config: &AuditConfig, data_dir: &Path, key: &AuditKey, metrics: Arc<Metrics>) -> Result<Sink, (Exit, String)> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let place = Place { host, dir: config.dir.display().to_string() };
    if config.sink == config::Sink::Stdout {
        return Ok(Sink { keeper: None, prints: true, place: Place { dir: String::new(), ..place }, rewrite: None });
    }
    if config.dir.starts_with(data_dir) {
        // Whoever may write there could put another trail in the place of ours.
        files::data_directory(data_dir).map_err(|error| {
            (
                Exit::CannotWrite,
                format!("cannot use {}: {error} (OTP_DATA_DIR names another directory)", data_dir.display()),
            )
        })?;
    }
    // Beyond a limit on the size of files a write is to fail, and not to end us.
    if let Err(error) = signal(SignalKind::from_raw(Signal::XFSZ.as_raw())) {
        tracing::warn!(%error, "a limit on the size of files would end this process");
    }
    let keys = TrailKeys::new(key).ok_or_else(|| (Exit::Fault, "no key for the audit trail".to_owned()))?;
    let settings = Settings {
        root: config.dir.clone(),
        data_dir: data_dir.to_owned(),
        witness: config.checkpoints.clone(),
        place: place.clone(),
        limits: Limits::new(u64::try_from(config.retention.as_millis()).unwrap_or(u64::MAX)),
    };
    let keeper = Keeper::open(settings, Arc::new(keys), metrics, now_ms());
    let prints = config.sink == config::Sink::Both;
    keeper.map(|keeper| Sink { keeper: Some(Box::new(keeper)), prints, place, rewrite: None }).map_err(|error| {
        let dir = config.dir.display();
        let why = format!(
            "OTP_AUDIT_DIR: the audit trail cannot be written in {dir}: {error} \
             (OTP_AUDIT_SINK=stdout needs no directory)"
        );
        (Exit::CannotWrite, why)
    })
}

/// This machine's clock, ms since 1970.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
