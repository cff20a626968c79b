//! One request, over a connection of its own, within one time-out. Nothing is followed, and nothing sent twice.

use std::{pin::pin, sync::Arc, time::Duration};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{CONNECTION, HOST, HeaderValue, RETRY_AFTER},
};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::{select, time::timeout};

use super::{Endpoint, connect};

/// Longest answer that is read, head and body each, bytes.
const ANSWER_MAX: usize = 64 * 1024;

/// Speaks to one server.
#[derive(Debug)]
pub struct Client {
    /// Where.
    pub endpoint: Endpoint,
    tls: Option<Arc<ClientConfig>>,
    timeout: Duration,
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
#[derive(Debug, Clone, Copy)]
pub struct Lost {
    /// Whether the server may have got the request all the same.
    pub unknown: bool,
    /// Whether the time was over.
    pub late: bool,
}

impl Client {
    /// A client that gives each request so much time, from the connection on; `tls` is what an `https` server needs.
    pub fn new(endpoint: Endpoint, tls: Option<Arc<ClientConfig>>, timeout: Duration) -> Self {
        let tls = tls.filter(|_| endpoint.secure);
        Self { endpoint, tls, timeout }
    }

    /// Sends a request, whose URI is a path; reads the answer's body if that is `wanted`.
    ///
    /// # Errors
    /// [`Lost`].
    pub async fn send(&self, mut request: Request<Full<Bytes>>, wanted: bool) -> Result<Answer, Lost> {
        let host = HeaderValue::from_str(&self.endpoint.authority);
        let headers = request.headers_mut();
        headers.extend(host.into_iter().map(|host| (HOST, host)));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        let (mut handed, mut answer) = (false, None);
        let done = timeout(self.timeout, self.dialogue(request, wanted, &mut handed, &mut answer)).await;
        // Once there is a head, what became of the body is told by its absence.
        answer.ok_or(Lost { unknown: handed, late: done.is_err() })
    }

    async fn dialogue(
        &self,
        request: Request<Full<Bytes>>,
        wanted: bool,
        handed: &mut bool,
        answer: &mut Option<Answer>,
    ) -> Option<()> {
        let Endpoint { host, port, .. } = &self.endpoint;
        let io = TokioIo::new(connect(host, *port, self.tls.as_ref(), None).await.ok()?);
        let (mut sender, connection) = http1::Builder::new().max_buf_size(ANSWER_MAX).handshake(io).await.ok()?;
        *handed = true;
        let mut asked = pin!(async {
            let response: Response<Incoming> = sender.send_request(request).await.ok()?;
            let (head, body) = response.into_parts();
            let retry_after = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            let answer = answer.insert(Answer { status: head.status.as_u16(), retry_after, body: None });
            if wanted {
                answer.body = Some(Limited::new(body, ANSWER_MAX).collect().await.ok()?.to_bytes());
            }
            Some(())
        });
        // Not a task of its own: whoever stops waiting ends the connection.
        select! {
            biased;
            done = &mut asked => done,
            _ = connection => asked.await,
        }
    }
}
