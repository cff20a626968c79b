//! Where the audit trail of a running sidecar goes.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};

use super::runtime::Runtime;
use crate::{
    audit::{
        exporter::Exporter,
        personal::Personal,
        positions::PositionsFile,
        sink::Sink,
        trail::{Keeper, Limits, Place, Settings, Trail},
    },
    cli::exit::{Exit, Failure},
    config::{self, Format},
    event::Bucket,
    files,
    learning::{Bursts, Learner},
    secret::TrailKeys,
    sink::ocsf,
    store::positions::Position,
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
pub fn open(runtime: &Runtime<'_>) -> Result<Opened, Failure> {
    let config = runtime.config;
    let sink = Sink { rewrite: (config.sinks.format == Format::Ocsf).then_some(ocsf::lines), ..sink(runtime)? };
    let with_trail = config.audit.sink != config::Sink::Stdout;
    let root = if with_trail { &config.audit.dir } else { &config.data_dir };
    let positions = &runtime.store.positions;
    for (bucket, last) in sink.trail().into_iter().flat_map(Trail::positions) {
        let at = Position { epoch: last.epoch, events: last.seq.saturating_add(1) };
        Bucket::of_number(*bucket).into_iter().for_each(|bucket| positions.learn(bucket, at));
    }
    match PositionsFile::open(root.clone(), Arc::clone(positions), now_ms()) {
        Ok(file) => Ok(Opened { sink, positions: Some(file) }),
        Err(error) if with_trail => Err(Failure::said(Exit::CannotWrite, format!("OTP_AUDIT_DIR: {error}"))),
        Err(error) => {
            tracing::debug!(%error, "how far events went is not kept (OTP_DATA_DIR)");
            Ok(Opened { sink, positions: None })
        }
    }
}

impl Opened {
    /// What carries events there, under a name that is random and new at each start.
    pub fn exporter(self, runtime: &Runtime<'_>) -> Exporter {
        let personal = Personal {
            key: Arc::clone(&runtime.audit),
            outbox: runtime.outbox.clone(),
            retention: runtime.config.audit.retention,
        };
        let (store, metrics) = (&runtime.store, &runtime.metrics);
        let learning = runtime.risk.as_ref().filter(|risk| risk.is_on()).map(|risk| {
            let learner = Learner::new(Arc::clone(store), Arc::clone(metrics), Arc::clone(risk));
            (learner, Bursts::new(Arc::clone(store), Arc::clone(metrics)))
        });
        Exporter {
            store: Arc::clone(store),
            metrics: Arc::clone(metrics),
            who: runtime.name.clone(),
            personal,
            sink: self.sink,
            positions: self.positions,
            newer: BTreeMap::new(),
            learning,
            now_ms,
            unknown: Bucket::all().collect(),
        }
    }
}

fn sink(runtime: &Runtime<'_>) -> Result<Sink, Failure> {
    let (config, data_dir) = (&runtime.config.audit, &runtime.config.data_dir);
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let place = Place { host, dir: config.dir.display().to_string() };
    if config.sink == config::Sink::Stdout {
        return Ok(Sink { keeper: None, prints: true, place: Place { dir: String::new(), ..place }, rewrite: None });
    }
    if config.dir.starts_with(data_dir) {
        // Whoever may write there could put another trail in the place of ours.
        files::data_directory(data_dir).map_err(|error| {
            let dir = data_dir.display();
            Failure::said(
                Exit::CannotWrite,
                format!("cannot use {dir}: {error} (OTP_DATA_DIR names another directory)"),
            )
        })?;
    }
    // Beyond a limit on the size of files a write is to fail, and not to end us.
    if let Err(error) = signal(SignalKind::from_raw(Signal::XFSZ.as_raw())) {
        tracing::warn!(%error, "a limit on the size of files would end this process");
    }
    let keys =
        TrailKeys::new(&runtime.audit).ok_or_else(|| Failure::said(Exit::Fault, "no key for the audit trail"))?;
    let settings = Settings {
        root: config.dir.clone(),
        data_dir: data_dir.clone(),
        witness: config.checkpoints.clone(),
        place: place.clone(),
        limits: Limits::new(u64::try_from(config.retention.as_millis()).unwrap_or(u64::MAX)),
    };
    let keeper = Keeper::open(settings, Arc::new(keys), Arc::clone(&runtime.metrics), now_ms());
    let prints = config.sink == config::Sink::Both;
    keeper.map(|keeper| Sink { keeper: Some(Box::new(keeper)), prints, place, rewrite: None }).map_err(|error| {
        let dir = config.dir.display();
        let why = format!(
            "OTP_AUDIT_DIR: the audit trail cannot be written in {dir}: {error} \
             (OTP_AUDIT_SINK=stdout needs no directory)"
        );
        Failure::said(Exit::CannotWrite, why)
    })
}

/// This machine's clock, ms since 1970.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
