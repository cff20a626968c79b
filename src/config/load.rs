//! From the environment to a [`Config`], or to everything that is wrong with it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use secrecy::SecretSlice;

use super::{
    Config, Diagnostic, audit, delivery, export, keys, limits, listen, material,
    reader::Reader,
    risk, store, table as env, threads, tls,
    variable::Variable,
    words::{HashName, Preset},
};
use crate::secret::{ArgonCost, HashScheme};

impl Config {
    /// Reads the environment, given as pairs of name and value. Files named by `…_FILE` are read too.
    ///
    /// # Errors
    /// Every mistake at once, each with its variable and none with the value of a secret.
    pub fn from_env(
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut reader = Reader::new(environment);
        let config = assemble(&mut reader);
        if reader.mistakes.is_empty() { Ok((config, reader.warnings)) } else { Err(reader.mistakes) }
    }
}

/// What checks an audit trail, as the environment has it.
#[derive(Debug)]
pub struct AuditKeys {
    /// `OTP_AUDIT_KEY`.
    pub audit: Option<SecretSlice<u8>>,
    /// `OTP_INDEX_KEY`.
    pub index: Option<SecretSlice<u8>>,
    /// `OTP_DATA_DIR`.
    pub data_dir: PathBuf,
}

/// Reads the environment for a command that needs no more than this.
///
/// # Errors
/// What is wrong with these variables; of others nothing is said.
pub fn audit_keys(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<AuditKeys, Vec<Diagnostic>> {
    let wanted = |row: &Variable| matches!(row.name, "OTP_AUDIT_KEY" | "OTP_INDEX_KEY" | "OTP_DATA_DIR");
    Reader::only(environment, wanted, |r| AuditKeys {
        audit: material::single(r, &env::OTP_AUDIT_KEY, ""),
        index: material::single(r, &env::OTP_INDEX_KEY, ""),
        data_dir: data_dir(r),
    })
}

fn assemble(r: &mut Reader) -> Config {
    // It decides about all defaults, and so comes first.
    r.preset = r.get(&env::OTP_PRESET);
    if r.preset == Preset::Development {
        let problem = "is development: next to no limits, and loopback only; for users set hardened or balanced";
        r.warn("OTP_PRESET", problem);
    }
    let allow_weak = r.get(&env::OTP_ALLOW_WEAK);
    let policy = limits::read(r, allow_weak);
    let listeners = listen::read(r);
    let tls = tls::read(r, &listeners);
    let keys = keys::read(r);
    let material = material::read(r);
    let store = store::read(r);
    let hash = hash(r);
    let hash_threads = threads::read(r, &hash);
    let delivery = delivery::read(r, &policy);
    let twilio = delivery::twilio(r, &policy);
    let data_dir = data_dir(r);
    let audit = audit::read(r, material.audit_key, &data_dir);
    Config {
        preset: r.preset,
        allow_weak,
        listen: listeners.app,
        admin_listen: listeners.admin,
        tls,
        keys,
        policy,
        hash,
        hash_threads,
        peppers: material.peppers,
        index_key: material.index_key,
        store,
        redis_timeout: r.get(&env::OTP_REDIS_TIMEOUT),
        // Unset: one replica, where there are any.
        durability: r.given(&env::OTP_DURABILITY).unwrap_or_default(),
        data_dir,
        sinks: export::read(r, &audit),
        audit,
        delivery: delivery.map(Arc::new),
        twilio,
        risk: risk::read(r),
        locations: risk::locations(r).map(Arc::new),
        log: r.get(&env::OTP_LOG),
        log_format: r.given(&env::OTP_LOG_FORMAT),
        max_connections: r.get(&env::OTP_MAX_CONNECTIONS),
        max_body_bytes: r.get(&env::OTP_MAX_BODY_BYTES),
        in_force: r.in_force(),
    }
}

/// Both costs are read, whichever scheme is set: their mistakes are mistakes all the same.
fn hash(r: &mut Reader) -> HashScheme {
    let scheme = r.get(&env::OTP_HASH);
    let (memory_kib, iterations) = (r.get(&env::OTP_ARGON2_MEMORY_KIB), r.get(&env::OTP_ARGON2_ITERATIONS));
    if scheme == HashName::Argon2id {
        return HashScheme::Argon2id(ArgonCost { memory_kib, iterations });
    }
    r.show("OTP_ARGON2_MEMORY_KIB", "not used");
    r.show("OTP_ARGON2_ITERATIONS", "not used");
    HashScheme::Hmac
}

/// As the base directory specification has it (a relative `XDG_STATE_HOME` is ignored). Where there is no home either,
/// as in a bare container, the place of the file system hierarchy standard.
fn data_dir(r: &mut Reader) -> PathBuf {
    let found = r.path(&env::OTP_DATA_DIR).unwrap_or_else(|| {
        let state = r.directory("XDG_STATE_HOME").filter(|path| path.is_absolute());
        let home = || Some(r.directory("HOME").filter(|path| path.is_absolute())?.join(".local/state"));
        state.or_else(home).as_deref().unwrap_or(Path::new("/var/lib")).join("otp-sidecar")
    });
    r.show("OTP_DATA_DIR", found.display().to_string());
    found
}
