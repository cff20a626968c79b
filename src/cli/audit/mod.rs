//! `audit`: checks trails, and prints what they can be checked with.

mod gathered;
mod report;
pub mod review;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use secrecy::ExposeSecret as _;

use super::{
    AuditCommand, Exit,
    exit::{Failure, ended},
    probe,
};
use crate::{
    audit::{
        trail::record::Exported,
        verify::{
            Given,
            finding::{Finding, Kind},
            verify,
        },
    },
    config::{self, Config},
    event::Bucket,
    secret::{AuditKey, PublicKey, TrailKeys},
    store::embedded,
};

/// Behind the options of `audit verify`.
pub const VERIFY_HELP: &str = "\
Signatures are checked with --public-key, else with what follows from OTP_AUDIT_KEY, or OTP_INDEX_KEY where that is not set,
or the keys kept in OTP_DATA_DIR; with none of them the trail's own public key is believed.

Exit codes: 0 as it was written, 10 altered, 11 missing, 15 conflicting, 17 cut off, 18 unreadable; the first of what is
printed counts";

/// What `audit verify` is told.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Verify {
    /// Trails, or directories of trails: all sidecars' of one Redis, so that nothing is missing between them
    #[arg(required = true, value_name = "DIR")]
    pub dirs: Vec<PathBuf>,
    /// The public key, in base64 or in a file (PEM)
    #[arg(long, value_name = "FILE|KEY")]
    pub public_key: Option<String>,
    /// Checkpoints that were kept elsewhere, to hold them against the trails: OTP_AUDIT_CHECKPOINT_DIR, or what was printed
    /// with OTP_AUDIT_SINK=dir,stdout
    #[arg(long, value_name = "FILE|DIR")]
    pub checkpoints: Option<PathBuf>,
    /// Ask the store of REDIS_URL up to where events were written out, so that a trail that was taken away is missed
    #[arg(long)]
    pub against_store: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Does what `command` says with the keys that `environment` has.
///
/// [`Exit::Config`] if these make no sense, or if there are none and some are needed; of what was verified the kind of the
/// first finding.
pub fn run(
    command: &AuditCommand,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Exit {
    let environment = environment.into_iter().collect();
    let done = match command {
        AuditCommand::Verify(options) => run_verify(options, environment, out),
        AuditCommand::Key => print_key(environment, out),
    };
    ended(done, err)
}

fn print_key(environment: Vec<(OsString, OsString)>, out: &mut impl Write) -> Result<(), Failure> {
    let wanted = "OTP_AUDIT_KEY or OTP_INDEX_KEY must be set, or OTP_DATA_DIR name a directory with keys";
    let keys = keys(environment)?.keys.ok_or_else(|| Failure::said(Exit::Config, wanted))?;
    Ok(write!(out, "{}", keys.public().pem())?)
}

fn run_verify(options: &Verify, environment: Vec<(OsString, OsString)>, out: &mut impl Write) -> Result<(), Failure> {
    let given = given(options.dirs.clone(), options.public_key.as_deref(), environment.clone())?;
    let store = options.against_store.then(|| exported(environment)).transpose();
    let store = store.map_err(|Failure { exit, why }| Failure::said(exit, format!("--against-store: {why}")))?;
    let report = verify(&Given { witness: options.checkpoints.clone(), store, ..given });
    let printed = match options.json {
        true => serde_json::to_writer_pretty(&mut *out, &report).map_err(io::Error::from).and_then(|()| writeln!(out)),
        false => report::lines(&report, out),
    };
    match report.findings.first() {
        // It has been printed.
        Some(finding) => Err(Failure::said(exit_of(finding), "")),
        None => Ok(printed?),
    }
}

/// Up to where events of each bucket went, and where to, as the store of this environment knows it.
fn exported(environment: Vec<(OsString, OsString)>) -> Result<BTreeMap<u8, Exported>, Failure> {
    let (config, _) = Config::from_env(environment)?;
    let found = probe::ask(&config, "audit-verify", async |store| store.exported().await)?;
    let read = |(bucket, bytes): (Bucket, Vec<u8>)| Some((bucket.number(), serde_json::from_slice(&bytes).ok()?));
    Ok(found.into_iter().filter_map(read).collect())
}

/// The keys that the environment has.
struct Keys {
    keys: Option<TrailKeys>,
    /// Whether they are those of the private server, which nobody named.
    guessed: bool,
}

/// `OTP_AUDIT_KEY`, else `OTP_INDEX_KEY`, else what the private server's directory has.
fn keys(environment: Vec<(OsString, OsString)>) -> Result<Keys, Failure> {
    let given = config::audit_keys(environment)?;
    let (audit, guessed) = match (&given.audit, &given.index) {
        (Some(key), _) => (Some(AuditKey::new(key.expose_secret())), false),
        (None, Some(key)) => (Some(AuditKey::from_index_key(key.expose_secret())), false),
        (None, None) => {
            let kept = embedded::kept_index_key(&given.data_dir);
            (kept.map(|key| AuditKey::from_index_key(key.expose_secret())), true)
        }
    };
    Ok(Keys { keys: audit.as_ref().and_then(TrailKeys::new), guessed })
}

/// What is to be verified, with this public key or those that the environment has.
fn given(dirs: Vec<PathBuf>, public: Option<&str>, environment: Vec<(OsString, OsString)>) -> Result<Given, Failure> {
    let keys = keys(environment)?;
    let public = public.map(public_key).transpose();
    let public = public.map_err(|error| Failure::said(Exit::Usage, format!("--public-key: {error}")))?;
    let guessed = keys.guessed && public.is_none();
    Ok(Given { dirs, guessed, public: public.or(keys.keys.map(|keys| *keys.public())), ..Given::default() })
}

/// A file of this name, or the key itself.
fn public_key(given: &str) -> io::Result<PublicKey> {
    let text = if Path::new(given).is_file() { fs::read_to_string(given)? } else { given.to_owned() };
    PublicKey::parse(&text).ok_or_else(|| io::Error::other("neither a public key nor a file with one"))
}

/// The exit code for it.
fn exit_of(finding: &Finding) -> Exit {
    match finding.kind {
        Kind::Altered => Exit::Altered,
        Kind::Missing => Exit::Missing,
        Kind::Conflicting => Exit::Conflicting,
        Kind::CutOff => Exit::CutOff,
        Kind::Unreadable => Exit::Unreadable,
    }
}
