//! Mail, handed to a relay: connections of our own, of which a few are kept, and one time-out over a whole dialogue.
//!
//! A connection is kept only after a dialogue that ended well. One that was cut in the middle would answer the next mail with
//! what it had to say about this one, and a refusal could be read as acceptance.

mod dial;
mod mail;
mod relay;

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use lettre::{
    Message,
    transport::smtp::{
        commands::{Data, Mail, Noop, Rcpt},
        extension::ClientId,
    },
};
use rustls::ClientConfig;
use zeroize::Zeroizing;

use super::{Failure, Reason, TryResult};
use dial::{Connection, dial};
pub use mail::mail;
pub use relay::{Relay, Security};

/// How long a connection is kept that nobody uses: less than any relay waits. A second more at most.
const KEPT: Duration = Duration::from_secs(30);

/// A relay and the connections to it that are kept.
pub struct Smtp {
    relay: Relay,
    tls: Option<Arc<ClientConfig>>,
    hello: ClientId,
    timeout: Duration,
    most_kept: usize,
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    connection: Connection,
    since: Instant,
}

impl Smtp {
    /// Prepares to speak to a relay; nothing is said yet. `hello` is who we say we are.
    pub fn new(relay: Relay, tls: Option<Arc<ClientConfig>>, hello: &str, timeout: Duration, most_kept: usize) -> Self {
        let (hello, kept) = (ClientId::Domain(hello.to_owned()), Mutex::default());
        Self { relay, tls, hello, timeout, most_kept, kept }
    }

    /// Hands a mail over, within the time that one try has.
    ///
    /// # Errors
    /// What became of it instead; [`TryResult::Unknown`] where it may have been taken all the same.
    pub async fn send(&self, mail: &Message) -> Result<(), Failure> {
        let handed = AtomicBool::new(false);
        let done = match tokio::time::timeout(self.timeout, self.dialogue(mail, &handed)).await {
            Ok(done) => done,
            Err(_) => Err(Failure { reason: Reason::Timeout, ..Failure::unreachable() }),
        };
        // Once all of it went out, only an answer tells what became of it.
        done.map_err(|failure| match failure.status {
            None if handed.load(Ordering::Relaxed) => Failure { result: TryResult::Unknown, ..failure },
            _ => failure,
        })
    }

    async fn dialogue(&self, mail: &Message, handed: &AtomicBool) -> Result<(), Failure> {
        let mut connection = match self.take().await {
            Some(connection) => connection,
            None => dial(&self.relay, self.tls.as_ref(), &self.hello).await?,
        };
        connection.said.store(0, Ordering::Relaxed);
        let smtp = &mut connection.smtp;
        let expect = |answer: lettre::transport::smtp::response::Response, codes: &[u16]| {
            codes.iter().any(|code| answer.has_code(*code)).then_some(()).ok_or_else(Failure::unreachable)
        };
        expect(smtp.command(Mail::new(mail.envelope().from().cloned(), Vec::new())).await?, &[250])?;
        for to in mail.envelope().to() {
            expect(smtp.command(Rcpt::new(to.clone(), Vec::new())).await?, &[250, 251])?;
        }
        expect(smtp.command(Data).await?, &[354])?;
        handed.store(true, Ordering::Relaxed);
        expect(smtp.message(&Zeroizing::new(mail.formatted())).await?, &[250])?;
        self.keep(connection);
        Ok(())
    }

    /// A connection that was kept and still answers as it should.
    async fn take(&self) -> Option<Connection> {
        loop {
            let Kept { mut connection, .. } = self.kept().pop()?;
            connection.said.store(0, Ordering::Relaxed);
            if connection.smtp.command(Noop).await.is_ok_and(|answer| answer.has_code(250)) {
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: Connection) {
        let mut kept = self.kept();
        if kept.len() < self.most_kept {
            kept.push(Kept { connection, since: Instant::now() });
        }
    }

    /// Closes connections that nobody used for long.
    pub(super) fn tidy(&self) {
        self.kept().retain(|kept| kept.since.elapsed() < KEPT);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Smtp(…)")
    }
}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Self {
        Self::unreachable()
    }
}

/// 5xx is the relay's last word; whatever else may be otherwise soon. The library's text may hold an address: it goes no
/// further.
impl From<lettre::transport::smtp::Error> for Failure {
    fn from(error: lettre::transport::smtp::Error) -> Self {
        let status = error.status().map(u16::from);
        let result = if error.is_permanent() { TryResult::Permanent } else { TryResult::Transient };
        let reason = if status.is_some() { Reason::Refused } else { Reason::Unreachable };
        Self { result, reason, status, wait: None }
    }
}
