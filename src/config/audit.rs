//! The audit trail: where it goes, how long it is kept, what happens when nobody can write it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretSlice;

use super::{
    reader::Reader,
    table as env,
    words::{Sink, WhenFull},
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

pub(super) fn read(r: &mut Reader, key: Option<SecretSlice<u8>>, data_dir: &Path) -> AuditConfig {
    let audit = AuditConfig {
        sink: r.get(&env::OTP_AUDIT_SINK),
        dir: r.path(&env::OTP_AUDIT_DIR).unwrap_or_else(|| data_dir.join("audit")),
        checkpoints: r.path(&env::OTP_AUDIT_CHECKPOINT_DIR),
        key,
        retention: r.get(&env::OTP_AUDIT_RETENTION_DAYS),
        names: r.get(&env::OTP_AUDIT_NAMES),
        soft: r.get(&env::OTP_AUDIT_SOFT_BACKLOG),
        hard: r.get(&env::OTP_AUDIT_HARD_BACKLOG),
        when_full: r.get(&env::OTP_AUDIT_WHEN_FULL),
    };
    let (soft, hard) = (audit.soft, audit.hard);
    if soft > hard && !r.are_wrong(&["OTP_AUDIT_SOFT_BACKLOG", "OTP_AUDIT_HARD_BACKLOG"]) {
        let problem = format!("must be at least OTP_AUDIT_SOFT_BACKLOG ({soft}), not `{hard}`");
        r.mistake("OTP_AUDIT_HARD_BACKLOG", problem);
    }
    match audit.sink {
        Sink::Dir | Sink::Both => r.show("OTP_AUDIT_DIR", audit.dir.display().to_string()),
        Sink::Stdout => r.show("OTP_AUDIT_DIR", "not used"),
    }
    audit
}
