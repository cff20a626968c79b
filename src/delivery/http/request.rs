//! Request files: how a provider wants to be asked, and how it says that it took a message.
//!
//! ```text
//! @accept /messages/0/status = "0"
//! POST /sms/json
//! Authorization: Bearer {{ secret }}
//! Content-Type: application/json
//!
//! {"to": {{ to }}, "text": {{ text }}}
//! ```
//!
//! Whatever stands in double braces is written as its place wants it: percent-encoded in the path and in a form, with quotes in
//! JSON. Any 2xx accepts, unless lines `@accept` name members of the answer (RFC 6901) and what all of them must hold.

use http_body_util::Full;
use hyper::{
    Method, Request,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;

use super::UNFIT;

/// How values are written in paths and forms.
const FORM: &str = "form";

/// A file as it was read.
#[derive(Debug)]
pub struct RequestFile {
    method: Method,
    headers: Vec<HeaderName>,
    /// By `target.form`, by the place of a header in the list above, and by `body.…`.
    templates: Environment<'static>,
    body: &'static str,
    accept: Vec<(String, Json)>,
    secret: Option<SecretString>,
}

impl RequestFile {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence that names the file.
    pub fn parse(text: &str, secret: Option<SecretString>) -> Result<Self, String> {
        let text = text.replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let mut lines = head.lines().filter(|line| !line.starts_with('#')).peekable();
        let mut accept = Vec::new();
        while let Some(rule) = lines.peek().and_then(|line| line.strip_prefix("@accept ")) {
            if rule.trim() != "2xx" {
                accept.push(rule_of(rule).ok_or("has a line `@accept` that is neither `2xx` nor `/pointer = <JSON>`")?);
            }
            lines.next();
        }
        let line = lines.next().and_then(|line| line.trim_end_matches(" HTTP/1.1").split_once(' '));
        let (method, target) = line.ok_or("has no line such as `POST /path`")?;
        let method = method.parse().map_err(|_| "has no method")?;
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_auto_escape_callback(|name| match name.rsplit_once('.') {
            Some((_, "json")) => AutoEscape::Json,
            Some((_, FORM)) => AutoEscape::Custom(FORM.into()),
            _ => AutoEscape::None,
        });
        templates.set_formatter(|out, state, value| match state.auto_escape() {
            AutoEscape::Custom(_) => {
                let text = value.to_string();
                out.write_str(&utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()).map_err(Into::into)
            }
            _ => minijinja::escape_formatter(out, state, value),
        });
        let mut add = |name: String, source: &str| {
            let wrong = |error: minijinja::Error| format!("has a mistake: {}", error.kind());
            templates.add_template_owned(name, source.to_owned()).map_err(wrong)
        };
        add("target.form".into(), target.trim())?;
        let (mut headers, mut kind) = (Vec::new(), "");
        for line in lines {
            let (name, value) = line.split_once(':').ok_or("has a line in its head that is no header")?;
            add(headers.len().to_string(), value.trim())?;
            let name = HeaderName::try_from(name.trim()).map_err(|_| "has a line in its head that is no header")?;
            kind = if name == CONTENT_TYPE { value.split(';').next().unwrap_or_default().trim() } else { kind };
            headers.push(name);
        }
        let form = match kind.to_ascii_lowercase() {
            kind if kind == "application/json" || kind.ends_with("+json") => "body.json",
            kind if kind == "application/x-www-form-urlencoded" => "body.form",
            _ => "body",
        };
        add(form.into(), body.trim_end())?;
        Ok(Self { method, headers, templates, body: form, accept, secret })
    }

    /// Makes the request for what is `told`; `before` is the path of the provider's URL.
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence that names the file, and nothing of what is told.
    pub(super) fn request(&self, id: &str, before: &str, told: Value) -> Result<Request<Full<Bytes>>, String> {
        let secret = self.secret.as_ref().map(|secret| Value::from(secret.expose_secret()));
        let secret = secret.unwrap_or(Value::UNDEFINED);
        let told = context! { id, secret, ..told };
        let render = |name: &str| {
            let rendered = self.templates.get_template(name).and_then(|template| template.render(told.clone()));
            rendered.map_err(|error| format!("cannot be used: {}", error.kind()))
        };
        let target = format!("{}{}", before.trim_end_matches('/'), render("target.form")?);
        let request = Request::builder().method(self.method.clone()).uri(target);
        let body = Bytes::from_owner(zeroize::Zeroizing::new(render(self.body)?.into_bytes()));
        let mut request = request.body(Full::new(body)).map_err(|_| UNFIT)?;
        let headers = request.headers_mut();
        for (place, name) in self.headers.iter().enumerate() {
            let mut value = HeaderValue::try_from(render(&place.to_string())?).map_err(|_| UNFIT)?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        Ok(request)
    }

    /// Whether an answer has to be read to know what it means.
    pub(super) fn reads_answers(&self) -> bool {
        !self.accept.is_empty()
    }

    /// Whether this answer, whose status is 2xx, says that the message was taken.
    pub(super) fn accepts(&self, body: &[u8]) -> bool {
        let said: Json = serde_json::from_slice(body).unwrap_or_default();
        self.accept.iter().all(|(pointer, value)| said.pointer(pointer) == Some(value))
    }
}

fn rule_of(rule: &str) -> Option<(String, Json)> {
    let (pointer, value) = rule.split_once('=')?;
    let pointer = pointer.trim();
    pointer.starts_with('/').then_some(())?;
    Some((pointer.to_owned(), serde_json::from_str(value.trim()).ok()?))
}
