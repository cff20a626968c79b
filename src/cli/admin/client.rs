//! The client of the admin listener: one call on a connection of its own.

use std::{fmt::Display, io, sync::Arc, time::Duration};

use futures_util::TryFutureExt as _;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::{net::UnixStream, runtime::Runtime, time::timeout};

use super::text::inert;
use crate::{
    cli::{
        exit::{Exit, Failure},
        runtime,
    },
    config::{AdminAddr, ClientConfig},
    net, tls,
};

/// A listener that is there takes a connection at once.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);
/// Most calls are answered within a second; to unlock a million subjects takes minutes.
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// No answer that is read whole is longer.
const LONGEST_ANSWER: usize = 64 << 20;

/// Speaks to one admin listener.
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
    tls: Option<Arc<rustls::ClientConfig>>,
    runtime: Runtime,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its JSON; null for anything else.
    pub body: Value,
}

impl Client {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// [`Exit::Fault`] if there can be no runtime; [`Exit::Config`] if nobody's certificate could be trusted, or our own
    /// cannot be shown.
    pub fn new(mut config: ClientConfig) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let tls = match &config.server {
            AdminAddr::Tcp(at) if at.secure => {
                let unfit = |why| Failure::said(Exit::Config, format!("OTP_ADMIN_URL {why}"));
                Some(tls::client(None, config.pair.take()).map_err(unfit)?)
            }
            _ => None,
        };
        Ok(Self { config, tls, runtime })
    }

    /// A GET that must succeed.
    ///
    /// # Errors
    /// As [`Client::answered`].
    pub fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value, Failure> {
        let query = form_urlencoded::Serializer::for_suffix("?".to_owned(), 1).extend_pairs(parameters).finish();
        let path = format!("{path}{}", query.trim_end_matches('?'));
        self.call(Method::GET, &path, None, ANSWERED_WITHIN).and_then(|answer| self.answered(answer))
    }

    /// A POST that must succeed, within `time`.
    ///
    /// # Errors
    /// As [`Client::answered`].
    pub fn post(&self, path: &str, body: &Value, time: Duration) -> Result<Value, Failure> {
        self.call(Method::POST, path, Some(body), time).and_then(|answer| self.answered(answer))
    }

    /// A POST that must succeed; what it says goes to `each` as it comes, so that it may be of any length. `time` is for
    /// each wait.
    ///
    /// # Errors
    /// As [`Client::answered`]; [`Exit::Unreachable`] too where it is cut off; what `each` fails with.
    pub fn post_streamed(
        &self,
        path: &str,
        body: &Value,
        time: Duration,
        mut each: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let request = self.request(Method::POST, path, Some(body))?;
        self.runtime.block_on(async {
            let (head, mut body) = self.asked(request, time).await?.into_parts();
            if !head.status.is_success() {
                let answer = self.in_time(time, whole(head.status.as_u16(), body)).await?;
                return self.answered(answer).map(drop);
            }
            while let Some(frame) = self.in_time(time, async { body.frame().await.transpose() }).await? {
                frame.data_ref().map_or(Ok(()), |piece| each(piece))?;
            }
            Ok(())
        })
    }

    /// One call, whatever the answer.
    ///
    /// # Errors
    /// [`Exit::Unreachable`]: there was none.
    pub fn call(&self, method: Method, path: &str, body: Option<&Value>, time: Duration) -> Result<Answer, Failure> {
        let request = self.request(method, path, body)?;
        self.runtime.block_on(async {
            let (head, body) = self.asked(request, time).await?.into_parts();
            self.in_time(time, whole(head.status.as_u16(), body)).await
        })
    }

    /// Connects and sends `request`; answers with the answer's head, behind which its body is to be read.
    async fn asked(&self, request: Request<Full<Bytes>>, time: Duration) -> Result<Response<Incoming>, Failure> {
        let io = match timeout(CONNECTED_WITHIN, self.connect()).await {
            Ok(connected) => connected.map_err(|error| self.unreachable(&explained(&error)))?,
            Err(_) => return Err(self.unreachable("no connection in time")),
        };
        let asking = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(io)).await?;
            tokio::spawn(connection);
            sender.send_request(request).await
        };
        let asking = asking.map_err(|error: hyper::Error| match error.is_parse() {
            true => "it speaks no HTTP; where it speaks TLS, write https:// in place of http://".to_owned(),
            false => error.to_string(),
        });
        self.in_time(time, asking).await
    }

    async fn in_time<T, E: Display>(
        &self,
        time: Duration,
        future: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Failure> {
        match timeout(time, future).await {
            Ok(answer) => answer.map_err(|error| self.unreachable(&error.to_string())),
            Err(_) => Err(self.unreachable("no answer in time; whether it was done is unknown")),
        }
    }

    fn unreachable(&self, why: &str) -> Failure {
        Failure::said(Exit::Unreachable, inert(&format!("{} (OTP_ADMIN_URL): {why}", self.config.server)))
    }

    /// What a call that succeeded says.
    ///
    /// # Errors
    /// [`Exit::Refused`]: the server said no, in its words; [`Exit::Unreachable`] where its store cannot be asked;
    /// [`Exit::Fault`] where it has a fault.
    fn answered(&self, answer: Answer) -> Result<Value, Failure> {
        let Answer { status, body } = answer;
        if (200..300).contains(&status) {
            return Ok(body);
        }
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let detail = || text("detail").map_or_else(|| format!("the answer was HTTP {status}"), str::to_owned);
        let why = match (status, text("field")) {
            (401, _) => {
                format!("OTP_ADMIN_KEY is {} of one of the sidecar's OTP_ADMIN_KEYS or OTP_VIEWER_KEYS", self.keyless())
            }
            (404, _) => format!(
                "{} (OTP_ADMIN_URL) is no admin listener: the sidecar's OTP_ADMIN_LISTEN says where that is",
                self.config.server
            ),
            (_, Some("subject")) => format!("SUBJECT: {}", detail()),
            (_, Some("subject_ref")) => format!("--ref: {}", detail()),
            (_, Some(field)) => format!("--{field}: {}", detail()),
            (500.., None) => match text("request_id") {
                Some(request_id) => format!("{} (request_id {request_id})", detail()),
                None => detail(),
            },
            _ => detail(),
        };
        let exit = match status {
            503 => Exit::Unreachable,
            500..=599 => Exit::Fault,
            _ => Exit::Refused,
        };
        Err(Failure::said(exit, inert(&why)))
    }

    /// What is wrong with a key that is not taken.
    fn keyless(&self) -> &'static str {
        match &self.config.key {
            None => "not set: give the secret",
            // As it stands in the sidecar's own variable.
            Some(key) if key.expose_secret().contains(':') => {
                "no valid key: give what stands behind the name and the colon"
            }
            Some(_) => "no valid key: give the secret",
        }
    }

    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Request<Full<Bytes>>, Failure> {
        let fault = |error: hyper::http::Error| Failure::said(Exit::Fault, error.to_string());
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.config.server.authority());
        if let Some(key) = &self.config.key {
            let value = format!("Bearer {}", key.expose_secret());
            let mut value = HeaderValue::try_from(value).map_err(|error| fault(error.into()))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Full::from(body.to_string())
            }
            None => Full::default(),
        };
        request.body(body).map_err(fault)
    }

    async fn connect(&self) -> io::Result<Box<dyn net::Stream>> {
        match &self.config.server {
            AdminAddr::Tcp(at) => net::connect(&at.host, at.port, self.tls.as_ref(), self.config.name.as_ref()).await,
            AdminAddr::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
        }
    }
}

/// What the system or the library says, and for certificates what to do.
fn explained(error: &io::Error) -> String {
    let said = error.to_string();
    if said.contains("InvalidContentType") {
        return "it speaks no TLS: write http:// in place of https://".into();
    }
    if let Some(reason) = tls::reason(&said) {
        return format!("its certificate {reason}");
    }
    match tls::is_of_strangers(&said) {
        true => format!("{said} (SSL_CERT_FILE names a file of those who sign, or the certificate itself)"),
        false => said,
    }
}

async fn whole(status: u16, body: Incoming) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    let body = Limited::new(body, LONGEST_ANSWER).collect().await?.to_bytes();
    Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() })
}
