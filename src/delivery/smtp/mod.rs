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
    message::Mailbox,
    transport::smtp::{
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
        response::Response,
    },
};
use rustls::ClientConfig;
use zeroize::Zeroizing;

use super::{Failure, Letter, Reason, TryResult};
use dial::{Connection, dial};
use mail::mail;
pub use relay::Relay;

/// How long a connection is kept that nobody uses: less than any relay waits. A second more at most.
const KEPT: Duration = Duration::from_secs(30);

/// A relay and the connections to it that are kept.
pub struct Smtp {
    relay: Relay,
    tls: Option<Arc<ClientConfig>>,
    from: Mailbox,
    hello: ClientId,
    timeout: Duration,
    most_kept: usize,
    kept: Mutex<Vec<Connection>>,
}

impl Smtp {
    /// Prepares to speak to a relay as the host of whom mails are `from`; nothing is said yet.
    pub fn new(
        relay: Relay,
        tls: Option<Arc<ClientConfig>>,
        from: Mailbox,
        timeout: Duration,
        most_kept: usize,
    ) -> Self {
        let (hello, kept) = (ClientId::Domain(from.email.domain().to_owned()), Mutex::default());
        Self { relay, tls, from, hello, timeout, most_kept, kept }
    }

    /// Hands a message over as a mail, within the time that one try has.
    ///
    /// # Errors
    /// What became of it instead; [`TryResult::Unknown`] where it may have been taken all the same.
    pub async fn send(&self, letter: &Letter<'_>) -> Result<(), Failure> {
        let mail = mail(&self.from, letter).ok_or_else(|| Failure::refused(TryResult::Broken, None))?;
        let handed = AtomicBool::new(false);
        let done = match tokio::time::timeout(self.timeout, self.dialogue(&mail, &handed)).await {
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
        let mut connection = loop {
            let kept = self.kept().pop();
            let is_kept = kept.is_some();
            let mut connection = match kept {
                Some(connection) => connection,
                None => dial(&self.relay, self.tls.as_ref(), &self.hello).await?,
            };
            match begin(&mut connection, mail).await {
                Ok(()) => break connection,
                // It had enough of the connection: what it says of the mail it says over another one.
                Err(Failure { status: None | Some(421), .. }) if is_kept => {}
                Err(failure) => return Err(failure),
            }
        };
        handed.store(true, Ordering::Relaxed);
        expect(&connection.smtp.message(&Zeroizing::new(mail.formatted())).await?, &[250])?;
        connection.used = Instant::now();
        let mut kept = self.kept();
        if kept.len() < self.most_kept {
            kept.push(connection);
        }
        Ok(())
    }

    /// Closes connections that nobody used for long.
    pub(super) fn tidy(&self) {
        self.kept().retain(|connection| connection.used.elapsed() < KEPT);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says from whom and to whom a mail goes, up to where its content is to follow.
async fn begin(Connection { smtp, said, .. }: &mut Connection, mail: &Message) -> Result<(), Failure> {
    said.store(0, Ordering::Relaxed);
    expect(&smtp.command(Mail::new(mail.envelope().from().cloned(), Vec::new())).await?, &[250])?;
    for to in mail.envelope().to() {
        expect(&smtp.command(Rcpt::new(to.clone(), Vec::new())).await?, &[250, 251])?;
    }
    expect(&smtp.command(Data).await?, &[354])
}

fn expect(answer: &Response, codes: &[u16]) -> Result<(), Failure> {
    codes.iter().any(|code| answer.has_code(*code)).then_some(()).ok_or_else(Failure::unreachable)
}

crate::policy::opaque!(Smtp);

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
