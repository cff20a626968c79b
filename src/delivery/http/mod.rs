//! Messages handed over by HTTP: as signed JSON of our own, or as a request file says that a provider wants it.

mod request;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::Full;
use hyper::{Request, body::Bytes, header::CONTENT_TYPE};
use minijinja::{Value, context};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::{Failure, Letter, Reason, TryResult, templates::Occasion};
use crate::net::{Answer, Client, Lost, Signer};
pub use request::RequestFile;

/// A provider that waits longer than that is asked again all the same: a user waits too.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Hands messages to one provider.
#[derive(Debug)]
pub struct Http {
    client: Client,
    form: Form,
}

/// How it is asked.
#[derive(Debug)]
pub enum Form {
    /// By our own JSON.
    Signed(Signer),
    /// As it wants it.
    File(Box<RequestFile>),
}

/// What a provider is told.
#[derive(Serialize)]
struct Told<'a> {
    channel: &'a str,
    to: &'a str,
    /// Of mails alone, as the one below.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<&'a str>,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    purpose: &'a str,
    locale: Option<&'a str>,
    /// Of the code, or of the lock.
    expires_at: String,
    tenant: &'a str,
}

impl Http {
    /// Speaks to a provider in this form.
    pub fn new(client: Client, form: Form) -> Self {
        Self { client, form }
    }

    /// Hands a message over, within the time that one try has.
    ///
    /// # Errors
    /// What became of it instead.
    pub async fn send(&self, letter: &Letter<'_>) -> Result<(), Failure> {
        let request = self.request(letter).map_err(|_| Failure::refused(TryResult::Broken, None))?;
        let file = if let Form::File(file) = &self.form { Some(file) } else { None };
        let wanted = file.is_some_and(|file| file.reads_answers());
        let answer = self.client.send(request, wanted).await.map_err(lost)?;
        let Answer { status, retry_after, body } = answer;
        let refused = |result| Failure::refused(result, Some(status));
        match (status, body) {
            (200..300, None) if wanted => Err(refused(TryResult::Unknown)),
            (200..300, Some(body)) if file.is_some_and(|file| !file.accepts(&body)) => {
                Err(refused(TryResult::Permanent))
            }
            (200..300, _) => Ok(()),
            (408 | 429 | 500.., _) => {
                let wait = retry_after.map(|seconds| Duration::from_secs(seconds).min(WAIT_MAX));
                Err(Failure { wait, ..refused(TryResult::Transient) })
            }
            _ => Err(refused(TryResult::Permanent)),
        }
    }

    /// What would be sent.
    ///
    /// # Errors
    /// Why nothing can be, as the rest of a sentence that names the request file.
    pub fn request(&self, letter: &Letter<'_>) -> Result<Request<Full<Bytes>>, String> {
        let now = SystemTime::now();
        let &Letter { id, to, occasion, words } = letter;
        let &Occasion { channel, purpose, locale, tenant, code, left, .. } = occasion;
        let subject = Some(words.subject.as_str()).filter(|subject| !subject.is_empty());
        let html = words.html.as_ref().map(|html| html.as_str());
        let (text, expires_at) = (words.text.as_str(), time(now + left));
        let told = Told { channel, to, subject, html, text, code, purpose, locale, expires_at, tenant };
        let path = &self.client.endpoint.path;
        match &self.form {
            Form::Signed(signer) => signed(signer, id, now, path, &told).ok_or_else(|| "makes no request".into()),
            Form::File(file) => file.request(id, path, &told.values()),
        }
    }
}

impl Told<'_> {
    /// The same for a template.
    fn values(&self) -> Value {
        let &Told { channel, to, subject, html, text, code, purpose, locale, ref expires_at, tenant } = self;
        context! { channel, to, subject, html, text, code, purpose, locale, expires_at, tenant }
    }
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

fn signed(signer: &Signer, id: &str, now: SystemTime, path: &str, told: &Told<'_>) -> Option<Request<Full<Bytes>>> {
    let kind = if told.code.is_some() { "code.send" } else { "user.locked" };
    let body = Zeroizing::new(serde_json::to_vec(&json!({"type": kind, "timestamp": time(now), "data": told})).ok()?);
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Request::post(path)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signer.sign(id, seconds, &body))
        .header("idempotency-key", id)
        .body(Full::new(Bytes::from_owner(body)))
        .ok()
}

fn lost(Lost { unknown, late, .. }: Lost) -> Failure {
    let result = if unknown { TryResult::Unknown } else { TryResult::Transient };
    let reason = if late { Reason::Timeout } else { Reason::Unreachable };
    Failure { result, reason, ..Failure::unreachable() }
}
