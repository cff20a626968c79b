//! Certificates: those of our listeners, which may be replaced while we run, and what the operator's commands show and
//! trust.
//!
//! [`PemFile`] → `pair` (a chain and its key) → `server` (what a handshake needs) → [`Tls`], which keeps the last
//! that was good.

mod client;
mod file;
mod pair;
mod reason;
mod server;
mod validity;

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{ServerConfig, pki_types::UnixTime};

pub use self::{
    client::client,
    file::{Files, PemFile},
    pair::Pair,
    reason::{SELF_SIGNED, is_of_strangers, reason},
    validity::trusted,
};
use self::{file::Digest, server::Loaded};
use crate::{diagnostic::Diagnostic, renewable::Renewable, watched::Watched};

/// What a look at the files found that was not known before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// They are good, and in use from now on.
    Good {
        /// Whether who may call has changed: other authorities are in use than before.
        callers: bool,
    },
    /// They cannot be used; what was in use still is.
    Bad(Diagnostic),
}

/// What handshakes use, and where it came from.
#[derive(Debug)]
pub struct Tls {
    files: Files,
    server: Renewable<ServerConfig>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    digest: Digest,
    callers: Option<Digest>,
    ends: u64,
    /// What is wrong with the files now, and what was in them.
    bad: Option<(Option<Digest>, Diagnostic)>,
}

impl Tls {
    /// Reads `files`, at the time `now`.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn load(files: Files, now: UnixTime) -> Result<Self, Diagnostic> {
        let contents = files.read()?;
        let Loaded { server, ends } = server::load(&files, &contents, now)?;
        let seen = Seen { digest: contents.digest(), callers: contents.callers(), ends, bad: None };
        Ok(Self { files, server: Renewable::from(server), seen: Mutex::new(seen) })
    }

    /// What the next handshake uses.
    pub fn server(&self) -> Arc<ServerConfig> {
        self.server.get()
    }

    /// The files.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// When the certificate in use ends, seconds since 1970.
    pub fn ends(&self) -> u64 {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).ends
    }

    /// Whether what the last look found cannot be used, or what is in use has ended.
    pub fn is_bad(&self) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).bad.is_some()
    }

    /// Reads the files again, which may block, and uses them if they are good. `None`: nothing new.
    ///
    /// It goes by what is in them: however a file was replaced, and however fast after the last time, it is noticed.
    pub fn look_at(&self, now: UnixTime) -> Option<News> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let read = self.files.read();
        let digest = read.as_ref().ok().map(file::Contents::digest);
        let callers = read.as_ref().ok().and_then(file::Contents::callers);
        let found = read.and_then(|contents| match digest {
            Some(digest) if digest == seen.digest => {
                validity::not_ended(self.files.cert.variable, seen.ends, now).map(|()| None)
            }
            _ => server::load(&self.files, &contents, now).map(Some),
        });
        match found {
            Ok(loaded) => {
                let recovered = seen.bad.take().is_some();
                if let (Some(Loaded { server, ends }), Some(digest)) = (loaded, digest) {
                    self.server.set(server);
                    let others = callers != seen.callers;
                    (seen.digest, seen.callers, seen.ends) = (digest, callers, ends);
                    return Some(News::Good { callers: others });
                }
                recovered.then_some(News::Good { callers: false })
            }
            Err(bad) => {
                let bad = (digest, bad);
                let known = seen.bad.as_ref() == Some(&bad);
                seen.bad = Some(bad.clone());
                (!known).then_some(News::Bad(bad.1))
            }
        }
    }
}

/// It goes by what is in the files; `None` = they cannot be read.
impl Watched for Tls {
    type News = News;
    type Stamp = Option<Digest>;

    fn stamp(&self) -> Option<Digest> {
        self.files.read().ok().map(|contents| contents.digest())
    }

    fn knows(&self, stamp: &Option<Digest>) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *stamp == Some(seen.digest) || seen.bad.as_ref().is_some_and(|(digest, _)| digest == stamp)
    }

    fn look(&self) -> Option<News> {
        self.look_at(UnixTime::now())
    }
}
