//! One request within one time-out, over a connection of its own or one that was kept. Nothing is followed, and nothing
//! sent twice.

use std::{
    error::Error,
    iter::successors,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
    ext::on_informational,
    header::{CONNECTION, HOST, HeaderValue, RETRY_AFTER},
};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::{
    select,
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::Endpoint;

/// Longest answer that is read, head and body each, bytes.
const ANSWER_MAX: usize = 64 * 1024;
/// Most answers before the answer (1xx): we ask for none.
const INFORMATIONAL_MAX: usize = 8;
/// How long a connection is kept that nobody uses: less than any server waits, or it would go while a request is under
/// way.
const KEPT: Duration = Duration::from_secs(1);

/// Speaks to one server.
#[derive(Debug)]
pub struct Client {
    /// Where.
    pub endpoint: Endpoint,
    tls: Option<Arc<ClientConfig>>,
    timeout: Duration,
    /// `None` where each request has a connection of its own.
    kept: Option<Mutex<Vec<Kept>>>,
}

type Sender = SendRequest<Full<Bytes>>;

/// A connection that may be used again.
#[derive(Debug)]
struct Kept {
    sender: Sender,
    since: Instant,
}

/// What a server said.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Seconds that it asks us to wait.
    pub retry_after: Option<u64>,
    /// Its body; `None` where it is too long, was cut off, or was not asked for.
    pub body: Option<Bytes>,
}

/// There is no answer.
#[derive(Debug, Clone)]
pub struct Lost {
    /// Whether the server may have got the request all the same.
    pub unknown: bool,
    /// Whether the time was over.
    pub late: bool,
    /// What was met instead: nothing of the request.
    pub why: String,
}

impl Client {
    /// A client that gives each request so much time, from the connection on, which is its own.
    pub fn new(endpoint: Endpoint, tls: Option<Arc<ClientConfig>>, timeout: Duration) -> Self {
        Self { endpoint, tls, timeout, kept: None }
    }

    /// The same over connections that are kept for what comes next. One that the server closes meanwhile loses a
    /// request.
    #[must_use]
    pub fn keeping(self) -> Self {
        Self { kept: Some(Mutex::default()), ..self }
    }

    /// Sends a request, whose URI is a path; reads the answer's body if that is `wanted`.
    ///
    /// # Errors
    /// [`Lost`].
    pub async fn send(&self, mut request: Request<Full<Bytes>>, wanted: bool) -> Result<Answer, Lost> {
        let host = HeaderValue::from_str(&self.endpoint.authority);
        let headers = request.headers_mut();
        headers.extend(host.into_iter().map(|host| (HOST, host)));
        if self.kept.is_none() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let (end, mut handed) = (Instant::now() + self.timeout, false);
        let lost = match timeout_at(end, self.ask(request, &mut handed)).await {
            Ok(Ok((response, sender))) => {
                let (head, body) = response.into_parts();
                let retry_after = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                let body =
                    if wanted { timeout_at(end, Limited::new(body, ANSWER_MAX).collect()).await.ok() } else { None };
                let body = body.and_then(|read| Some(read.ok()?.to_bytes()));
                // Where a body is still to come the connection ends, and is ready no more.
                if let Some(mut kept) = self.kept() {
                    kept.push(Kept { sender, since: Instant::now() });
                }
                return Ok(Answer { status: head.status.as_u16(), retry_after, body });
            }
            Ok(Err(error)) => Lost { unknown: handed, late: false, why: explained(&*error) },
            Err(_) => Lost { unknown: handed, late: true, why: format!("no answer within {:?}", self.timeout) },
        };
        Err(lost)
    }

    /// Whoever stops waiting ends the connection.
    async fn ask(
        &self,
        mut request: Request<Full<Bytes>>,
        handed: &mut bool,
    ) -> Result<(Response<Incoming>, Sender), Box<dyn Error + Send + Sync>> {
        let mut sender = self.connection().await?;
        let (enough, count) = (Arc::new(Notify::new()), AtomicUsize::new(0));
        let over = Arc::clone(&enough);
        on_informational(&mut request, move |_| {
            if count.fetch_add(1, Relaxed) == INFORMATIONAL_MAX {
                over.notify_one();
            }
        });
        *handed = true;
        select! {
            response = sender.send_request(request) => Ok((response?, sender)),
            () = enough.notified() => Err("only answers that are none (1xx)".into()),
        }
    }

    /// A connection that was kept and still stands, or else a new one.
    async fn connection(&self) -> Result<Sender, Box<dyn Error + Send + Sync>> {
        while let Some(Kept { mut sender, since }) = self.last_kept() {
            if since.elapsed() < KEPT && sender.ready().await.is_ok() {
                return Ok(sender);
            }
        }
        let io = TokioIo::new(self.endpoint.connect(self.tls.as_ref()).await?);
        let (sender, connection) = http1::Builder::new().max_buf_size(ANSWER_MAX).handshake(io).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn last_kept(&self) -> Option<Kept> {
        self.kept()?.pop()
    }

    fn kept(&self) -> Option<MutexGuard<'_, Vec<Kept>>> {
        Some(self.kept.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What an error says, and what is behind it.
fn explained(error: &(dyn Error + 'static)) -> String {
    successors(Some(error), |&error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
