//! The processes: sidecars over one of the kinds of store, and what can be done to them.

use std::{fs, path::PathBuf, thread, time::Duration};

use super::{
    client::{ALPHABET, LENGTH},
    cluster::Clustered,
    history::{Effect, Fault as Happened, Limits, SLACK, now},
    plan::{Fault, Kind, SIDECARS},
    single::Single,
    watched::Watched,
};
use crate::support::{Client, Redis, Sidecar, TrailDir, launch::Builder};

/// As the sidecars are given them below.
pub const LIMITS: Limits = Limits { failures: 5, sends: (8, 3_000_000), ip_sends: (14, 3_000_000), pause: 60_000 };

/// Short, so that each of them ends many times in a run; failures alone are never forgotten by themselves.
const SETTINGS: [(&str, &str); 13] = [
    ("MAX_FAILED_VERIFICATIONS_PER_OTP", "5"),
    ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "8/3s"),
    ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "14/3s"),
    ("RESEND_COOLDOWN_SECONDS", "60ms"),
    ("OTP_LIFETIME_MINUTES", "10s"),
    ("ACCOUNT_LOCKOUT_MINUTES", "1s"),
    ("OTP_MAX_LOCKOUT_MINUTES", "2s"),
    ("OTP_MAX_CONSECUTIVE_FAILURES", "0"),
    ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "off"),
    ("OTP_REDIS_TIMEOUT", "300ms"),
    ("OTP_ALPHABET", ALPHABET),
    ("OTP_AUDIT_SINK", "dir"),
    ("OTP_HASH", "hmac"),
];

/// One of the kinds of store.
pub trait Store {
    /// What the `REDIS_URL` of a sidecar should say.
    fn url(&self, sidecar: usize) -> String;
    /// The servers that hold the data now.
    fn primaries(&self) -> Vec<&Redis>;
    /// Every server.
    fn servers(&self) -> Vec<&Redis>;
    /// Does a fault of this kind of store; says what may be lost by it, and what cannot be answered meanwhile. `calls`
    /// waits for so many calls, `sidecars` kills one or starts it anew.
    fn hurt(&mut self, fault: Fault, hands: &mut Hands) -> Vec<Effect>;
}

/// What a fault may need beside its store.
pub struct Hands<'a> {
    /// Waits until the clients have made so many more calls.
    pub calls: &'a dyn Fn(usize),
    /// Waits until every sidecar answers about every subject.
    pub answered: &'a dyn Fn(),
    pub crew: &'a mut Crew,
}

/// The sidecars.
pub struct Crew {
    sidecars: Vec<Sidecar>,
    builders: Vec<Builder>,
    /// What those said that were killed.
    log: Vec<String>,
}

impl Crew {
    /// SIGKILL.
    pub fn kill(&mut self, n: usize) {
        self.sidecars[n].kill();
        self.log.extend(self.sidecars[n].log_lines());
    }

    /// Starts it anew, on the same sockets.
    pub fn start(&mut self, n: usize) {
        self.sidecars[n] = self.builders[n].clone().start();
    }

    /// All that was ever logged.
    pub fn log(&self) -> Vec<String> {
        self.sidecars.iter().flat_map(Sidecar::log_lines).chain(self.log.iter().cloned()).collect()
    }
}

/// See the module. Sidecars end before their store.
pub struct World {
    pub crew: Crew,
    pub store: Box<dyn Store>,
    pub trail: TrailDir,
}

impl World {
    /// Starts all of it.
    pub fn start(kind: Kind) -> Self {
        let store: Box<dyn Store> = match kind {
            Kind::Single => Box::new(Single::start()),
            Kind::Sentinel => Box::new(Watched::start()),
            Kind::Cluster => Box::new(Clustered::start()),
        };
        let trail = TrailDir::new();
        let builders: Vec<Builder> = (0..SIDECARS).map(|n| builder(&*store, n, &trail)).collect();
        let sidecars = builders.iter().map(|builder| builder.clone().start()).collect();
        Self { crew: Crew { sidecars, builders, log: Vec::new() }, store, trail }
    }

    /// The app's and the operator's way to each sidecar.
    pub fn ways(&self) -> Vec<(Client, Client)> {
        self.crew.sidecars.iter().map(|sidecar| (sidecar.client(), sidecar.admin_client())).collect()
    }

    /// One fault, from its begin until all is well again.
    pub fn hurt(&mut self, fault: Fault, calls: &dyn Fn(usize), answered: &dyn Fn()) -> Happened {
        let start = now();
        let effects = match fault {
            Fault::KillSidecar(n) => {
                self.crew.kill(n);
                self.crew.start(n);
                Vec::new()
            }
            Fault::FreezeSidecar { sidecar, ms } => {
                self.crew.sidecars[sidecar].pause();
                thread::sleep(Duration::from_millis(ms));
                self.crew.sidecars[sidecar].resume();
                Vec::new()
            }
            other => self.store.hurt(other, &mut Hands { calls, answered, crew: &mut self.crew }),
        };
        answered();
        Happened { what: format!("{fault:?}"), start, end: now(), effects }
    }

    /// Ends the sidecars in good order, so that their trails are whole.
    pub fn stop(&mut self) {
        for sidecar in &mut self.crew.sidecars {
            assert!(sidecar.terminate().0.success());
        }
    }

    /// The files that were written, by servers and sidecars.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut dirs: Vec<PathBuf> = self.store.servers().into_iter().map(|server| server.dir().to_owned()).collect();
        dirs.push(self.trail.path());
        let mut files = Vec::new();
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok) {
                let path = entry.path();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => dirs.push(path),
                    Ok(kind) if kind.is_file() => {
                        files.push((path.display().to_string(), fs::read(&path).unwrap_or_default()));
                    }
                    _ => {}
                }
            }
        }
        files
    }
}

fn builder(store: &dyn Store, n: usize, trail: &TrailDir) -> Builder {
    let builder = Sidecar::builder().set_all(&SETTINGS).set("OTP_LENGTH", &LENGTH.to_string());
    let builder = builder.set("REDIS_URL", &store.url(n)).on_unix_sockets();
    trail.variables().iter().fold(builder, |builder, (name, value)| builder.set(name, value))
}

/// Nothing answers, from a moment after this until the moment before that.
pub fn outage(from: u64, to: u64) -> Effect {
    Effect::Outage { sidecar: None, subjects: None, from: from + SLACK, to }
}
