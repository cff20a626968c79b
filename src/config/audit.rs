//! The audit trail: where it goes, how long it is kept, what happens when nobody can write it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretSlice;

use super::{
    reader::{Reader, Reported},
    value,
};

/// See the module.
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
    let sink = r.read("OTP_AUDIT_SINK", value::choice);
    let retention = r.read("OTP_AUDIT_RETENTION_DAYS", value::span);
    let names = r.read("OTP_AUDIT_NAMES", value::flag);
    let soft = r.read("OTP_AUDIT_SOFT_BACKLOG", value::number);
    let hard = r.read("OTP_AUDIT_HARD_BACKLOG", value::number);
    let when_full = r.read("OTP_AUDIT_WHEN_FULL", value::choice);
    if let (Ok(soft), Ok(hard)) = (&soft, &hard)
        && soft > hard
    {
        let problem = format!("must be at least OTP_AUDIT_SOFT_BACKLOG ({soft}), not `{hard}`");
        r.mistake("OTP_AUDIT_HARD_BACKLOG", problem);
        return Err(Reported);
    }
    Ok(AuditConfig {
        sink: match sink? {
            "dir" => Sink::Dir,
            "stdout" => Sink::Stdout,
            _ => Sink::Both,
        },
        dir: r.path("OTP_AUDIT_DIR").map_or_else(|| data_dir.join("audit"), PathBuf::from),
        checkpoints: r.path("OTP_AUDIT_CHECKPOINT_DIR").map(PathBuf::from),
        key,
        retention: retention?,
        names: names?,
        soft: soft?,
        hard: hard?,
        when_full: if when_full? == "refuse" { WhenFull::Refuse } else { WhenFull::Shed },
    })
}
