//! The audit trail: where it goes, how long it is kept, what happens when nobody can write it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretSlice;

use super::{
    reader::{Reader, Reported},
    table as env,
};

/// The settings of the audit trail.
#[derive(Debug)]
pub struct AuditConfig {
    /// `OTP_AUDIT_SINK`.
    pub sink: Sink,
    /// `OTP_AUDIT_DIR`.
    pub dir: PathBuf,
    /// `OTP_AUDIT_CHECKPOINT_DIR`.
    pub checkpoints: Option<PathBuf>,
    /// `OTP_AUDIT_KEY`; `None` = derived from the index key.
    pub key: Option<SecretSlice<u8>>,
    /// How long segments and personal fields are kept (`OTP_AUDIT_RETENTION_DAYS`).
    pub retention: Duration,
    /// Whether personal fields are kept at all (`OTP_AUDIT_NAMES`).
    pub names: bool,
    /// Events waiting in Redis that are an alarm (`OTP_AUDIT_SOFT_BACKLOG`).
    pub soft: u64,
    /// Events waiting in Redis that are too many (`OTP_AUDIT_HARD_BACKLOG`).
    pub hard: u64,
    /// `OTP_AUDIT_WHEN_FULL`.
    pub when_full: WhenFull,
}

/// Where the trail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    /// Chained segments in a directory.
    Dir,
    /// Lines on standard output.
    Stdout,
    /// The segments, and then the same lines on standard output.
    Both,
}

/// What happens beyond the hard backlog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// Sends and checks are refused.
    Refuse,
    /// The oldest events are given up and counted.
    Shed,
}

pub(super) fn read(r: &mut Reader, key: Option<SecretSlice<u8>>, data_dir: &Path) -> Result<AuditConfig, Reported> {
    let sink = r.get(&env::OTP_AUDIT_SINK);
    let (retention, names) = (r.get(&env::OTP_AUDIT_RETENTION_DAYS), r.get(&env::OTP_AUDIT_NAMES));
    let (soft, hard) = (r.get(&env::OTP_AUDIT_SOFT_BACKLOG), r.get(&env::OTP_AUDIT_HARD_BACKLOG));
    let when_full = r.get(&env::OTP_AUDIT_WHEN_FULL);
    let (soft, hard) = (soft?, hard?);
    if soft > hard {
        let problem = format!("must be at least OTP_AUDIT_SOFT_BACKLOG ({soft}), not `{hard}`");
        return Err(r.mistake("OTP_AUDIT_HARD_BACKLOG", problem));
    }
    let dir = r.path(&env::OTP_AUDIT_DIR).unwrap_or_else(|| data_dir.join("audit"));
    match sink? {
        Sink::Dir | Sink::Both => r.show("OTP_AUDIT_DIR", dir.display().to_string()),
        Sink::Stdout => r.show("OTP_AUDIT_DIR", "not used"),
    }
    Ok(AuditConfig {
        sink: sink?,
        dir,
        checkpoints: r.path(&env::OTP_AUDIT_CHECKPOINT_DIR),
        key,
        retention: retention?,
        names: names?,
        soft,
        hard,
        when_full: when_full?,
    })
}
