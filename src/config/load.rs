//! From the environment to a [`Config`], or to everything that is wrong with it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use secrecy::SecretSlice;

use super::{
    Config, ListenAddr, LogFormat, Preset, audit, keys, limits, listen, material,
    mistake::{Mistake, Warning},
    reader::{Reader, Reported},
    store, threads, tls, value,
};
use crate::secret::{ArgonCost, HashScheme};

impl Config {
    /// Reads the environment, given as pairs of name and value. Files named by `…_FILE` are read too.
    ///
    /// # Errors
    /// Every mistake at once, each with its variable and none with the value of a secret.
    pub fn from_env(
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<(Self, Vec<Warning>), Vec<Mistake>> {
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
pub fn audit_keys(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<AuditKeys, Vec<Mistake>> {
    let wanted = ["OTP_AUDIT_KEY", "OTP_INDEX_KEY", "OTP_DATA_DIR", "XDG_STATE_HOME", "HOME"];
    let named = |name: &str| wanted.contains(&name.strip_suffix("_FILE").unwrap_or(name));
    let mut r = Reader::new(environment.into_iter().filter(|(name, _)| name.to_str().is_some_and(named)));
    let (audit, index) = (material::single(&mut r, "OTP_AUDIT_KEY"), material::single(&mut r, "OTP_INDEX_KEY"));
    match (audit, index) {
        (Ok(audit), Ok(index)) if r.mistakes.is_empty() => Ok(AuditKeys { audit, index, data_dir: data_dir(&r) }),
        _ => Err(r.mistakes),
    }
}

fn assemble(r: &mut Reader) -> Result<Config, Reported> {
    r.read_preset();
    if r.preset == Preset::Development {
        r.warn(
            "OTP_PRESET",
            "is development: next to no limits, and loopback only; for users set hardened or balanced",
        );
    }
    let allow_weak = r.read("OTP_ALLOW_WEAK", value::flag);
    let policy = limits::read(r, allow_weak);
    let listen = r.read("OTP_LISTEN", listen::parse);
    let admin_listen = r.read("OTP_ADMIN_LISTEN", listen::parse);
    if let (Ok(app), Ok(admin)) = (&listen, &admin_listen) {
        listen::check_apart(r, app, admin);
    }
    for (name, address) in [("OTP_LISTEN", &listen), ("OTP_ADMIN_LISTEN", &admin_listen)] {
        if let Ok(address) = address {
            listen::check_development(r, name, address);
        }
    }
    if let Ok(address) = &listen
        && !r.is_set("OTP_API_KEYS")
    {
        listen::check_open(r, ("OTP_LISTEN", address), "OTP_API_KEYS", " as tenant `default`");
    }
    if let Ok(address) = &admin_listen
        && !r.is_set("OTP_ADMIN_KEYS")
        && !r.is_set("OTP_VIEWER_KEYS")
    {
        listen::check_open(r, ("OTP_ADMIN_LISTEN", address), "OTP_ADMIN_KEYS", " as an operator");
    }
    let tls = tls::read(r);
    if let (Ok(ListenAddr::Unix(_)), Ok(ListenAddr::Unix(_)), Ok(Some(_))) = (&listen, &admin_listen, &tls) {
        r.warn("OTP_TLS_CERT", "is not used: both listeners are unix sockets, which stay in the clear");
    }
    let keys = keys::read(r);
    check_material(r);
    let material = material::read(r);
    let store = store::read(r);
    let (redis_files, durability) = (store::files(r), store::durability(r));
    let accept_older_store = r.read("OTP_ACCEPT_OLDER_STORE", value::number);
    let hash = hash(r);
    let hash_threads = hash.and_then(|hash| threads::read(r, &hash, &threads::Machine::this()));
    let redis_timeout = r.read("OTP_REDIS_TIMEOUT", value::span);
    let log = r.read("OTP_LOG", value::filter);
    let log_format = r.optional("OTP_LOG_FORMAT", value::choice);
    let max_connections = r.read("OTP_MAX_CONNECTIONS", value::number);
    let max_body_bytes = r.read("OTP_MAX_BODY_BYTES", value::number);
    let (keys, material) = (keys?, material?);
    let data_dir = data_dir(r);
    let audit = audit::read(r, material.audit_key, &data_dir);
    Ok(Config {
        preset: r.preset,
        allow_weak: allow_weak?,
        listen: listen?,
        admin_listen: admin_listen?,
        tls: tls?,
        api_keys: keys.api,
        admin_keys: keys.admin,
        viewer_keys: keys.viewer,
        policy: policy?,
        hash: hash?,
        hash_threads: hash_threads?,
        peppers: material.peppers,
        index_key: material.index_key,
        store: store?,
        redis_timeout: redis_timeout?,
        redis_files: redis_files?,
        durability: durability?,
        accept_older_store: accept_older_store?,
        data_dir,
        audit: audit?,
        log: log?,
        log_format: log_format?.map(|word| if word == "json" { LogFormat::Json } else { LogFormat::Text }),
        max_connections: max_connections?,
        max_body_bytes: max_body_bytes?,
    })
}

/// Both costs are read, whichever scheme is set: their mistakes are mistakes all the same.
fn hash(r: &mut Reader) -> Result<HashScheme, Reported> {
    let scheme = r.read("OTP_HASH", value::choice);
    let memory_kib = r.read("OTP_ARGON2_MEMORY_KIB", value::number);
    let iterations = r.read("OTP_ARGON2_ITERATIONS", value::number);
    let cost = ArgonCost { memory_kib: memory_kib?, iterations: iterations? };
    Ok(if scheme? == "hmac" { HashScheme::Hmac } else { HashScheme::Argon2id(cost) })
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
fn data_dir(r: &Reader) -> PathBuf {
    if let Some(given) = r.path("OTP_DATA_DIR") {
        return given.into();
    }
    let absolute = |path: &&Path| path.is_absolute();
    match r.homes() {
        (Some(state), _) if Path::new(state).is_absolute() => Path::new(state).join("otp-sidecar"),
        (_, home) => match home.map(Path::new).filter(absolute) {
            Some(home) => home.join(".local/state/otp-sidecar"),
            None => "/var/lib/otp-sidecar".into(),
        },
    }
}
