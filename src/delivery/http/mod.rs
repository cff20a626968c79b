//! Messages handed over by HTTP: as signed JSON of our own, or as a request file says that a provider wants it.

mod request;

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use http_body_util::Full;
use hyper::{Request, body::Bytes, header::HeaderValue};
use minijinja::Value;
use serde_json::json;

use super::{Failure, Letter, Reason, TryResult, templates::Occasion};
use crate::net::{Answer, Client, Lost, Signer};
pub use request::RequestFile;

/// A provider that waits longer than that is asked again all the same: a user waits too.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// What is said of a path, a header or an identity that no request can have.
const UNFIT: &str = "makes no request";

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
        let (text, html) = (words.text.as_str(), words.html.as_ref().map(|html| html.as_str()));
        let expires_at = time(now + left);
        let mut told = BTreeMap::from([
            ("channel", Some(channel)),
            ("to", Some(to)),
            ("subject", subject),
            ("html", html),
            ("text", Some(text)),
            ("code", code),
            ("purpose", Some(purpose)),
            ("locale", locale),
            ("expires_at", Some(&expires_at)),
            ("tenant", Some(tenant)),
        ]);
        let path = &self.client.endpoint.path;
        let mut request = match &self.form {
            Form::File(file) => file.request(id, path, Value::from_pairs(told))?,
            Form::Signed(signer) => {
                let kind = if code.is_some() { "code.send" } else { "user.locked" };
                // Subject and HTML are mails' alone, and of a lock no code is told.
                told.retain(|name, value| *name == "locale" || value.is_some());
                signer.post(path, id, kind, &time(now), &json!(told)).map_err(|_| UNFIT)?
            }
        };
        let id = HeaderValue::try_from(id).map_err(|_| UNFIT)?;
        request.headers_mut().entry("idempotency-key").or_insert(id);
        Ok(request)
    }
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

fn lost(Lost { unknown, late, .. }: Lost) -> Failure {
    let result = if unknown { TryResult::Unknown } else { TryResult::Transient };
    let reason = if late { Reason::Timeout } else { Reason::Unreachable };
    Failure { result, reason, ..Failure::unreachable() }
}
