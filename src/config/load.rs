//! From the environment to a [`Config`], or to everything that is wrong with it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use secrecy::SecretSlice;

use super::{
    Config, audit, delivery,
    diagnostic::Diagnostic,
    export, keys, limits, listen, material,
    reader::{Reader, Reported},
    risk, store, table as env, threads, tls, twilio,
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
        match assemble(&mut reader) {
            Ok(config) if reader.mistakes.is_empty() => Ok((config, reader.warnings)),
            _ => Err(reader.mistakes),
        }
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
    let mut r = Reader::only(environment, wanted);
    let (audit, index) = (material::single(&mut r, &env::OTP_AUDIT_KEY), material::single(&mut r, &env::OTP_INDEX_KEY));
    match (audit, index) {
        (Ok(audit), Ok(index)) if r.mistakes.is_empty() => Ok(AuditKeys { audit, index, data_dir: data_dir(&mut r) }),
        _ => Err(r.mistakes),
    }
}

fn assemble(r: &mut Reader) -> Result<Config, Reported> {
    // It decides about all defaults, and so comes first.
    r.preset = r.get(&env::OTP_PRESET).unwrap_or(Preset::Hardened);
    if r.preset == Preset::Development {
        let problem = "is development: next to no limits, and loopback only; for users set hardened or balanced";
        r.warn("OTP_PRESET", problem);
    }
    let allow_weak = r.get(&env::OTP_ALLOW_WEAK);
    let policy = limits::read(r, allow_weak);
    let listeners = listen::read(r);
    let tls = tls::read(r, &listeners);
    let keys = keys::read(r);
    check_material(r);
    let material = material::read(r);
    let store = store::read(r);
    let (redis_files, durability) = (store::files(r), r.given(&env::OTP_DURABILITY));
    let hash = hash(r);
    let hash_threads = hash.and_then(|hash| threads::read(r, &hash, &threads::Machine::this()));
    let redis_timeout = r.get(&env::OTP_REDIS_TIMEOUT);
    let delivery = delivery::read(r, policy.as_ref().ok());
    let delivers = delivery.as_ref().map_or(true, Option::is_some);
    let twilio = twilio::read(r, policy.as_ref().ok(), delivers);
    let (risk, locations) = (risk::read(r), risk::locations(r));
    let log = r.get(&env::OTP_LOG);
    let log_format = r.given(&env::OTP_LOG_FORMAT);
    let (max_connections, max_body_bytes) = (r.get(&env::OTP_MAX_CONNECTIONS), r.get(&env::OTP_MAX_BODY_BYTES));
    let material = material?;
    let data_dir = data_dir(r);
    let audit = audit::read(r, material.audit_key, &data_dir);
    let sinks = export::read(r, audit.as_ref().ok());
    Ok(Config {
        preset: r.preset,
        allow_weak: allow_weak?,
        listen: listeners.app?,
        admin_listen: listeners.admin?,
        tls: tls?,
        keys: keys?,
        policy: policy?,
        hash: hash?,
        hash_threads: hash_threads?,
        peppers: material.peppers,
        index_key: material.index_key,
        store: store?,
        redis_timeout: redis_timeout?,
        redis_files: redis_files?,
        // Unset: one replica, where there are any.
        durability: durability?.unwrap_or_default(),
        data_dir,
        audit: audit?,
        sinks: sinks?,
        delivery: delivery?.map(Arc::new),
        twilio: twilio?,
        risk: risk?,
        locations: locations?.map(Arc::new),
        log: log?,
        log_format: log_format?,
        max_connections: max_connections?,
        max_body_bytes: max_body_bytes?,
        in_force: r.in_force(),
    })
}

/// Both costs are read, whichever scheme is set: their mistakes are mistakes all the same.
fn hash(r: &mut Reader) -> Result<HashScheme, Reported> {
    let scheme = r.get(&env::OTP_HASH);
    let (memory_kib, iterations) = (r.get(&env::OTP_ARGON2_MEMORY_KIB), r.get(&env::OTP_ARGON2_ITERATIONS));
    let cost = ArgonCost { memory_kib: memory_kib?, iterations: iterations? };
    if scheme? == HashName::Argon2id {
        return Ok(HashScheme::Argon2id(cost));
    }
    r.show("OTP_ARGON2_MEMORY_KIB", "not used");
    r.show("OTP_ARGON2_ITERATIONS", "not used");
    Ok(HashScheme::Hmac)
}

/// A store that outlives us, or is shared, needs key material that does too.
fn check_material(r: &mut Reader) {
    for variable in ["OTP_PEPPER", "OTP_INDEX_KEY"] {
        if r.is_set("REDIS_URL") && !r.is_set(variable) {
            r.mistake(variable, "must be set when REDIS_URL is; `otp-sidecar keygen` prints one");
        }
    }
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
