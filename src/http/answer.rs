//! One request and its answer, between hyper and the handler.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http_body_util::Full;
use hyper::{
    Request, Response, Version,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    header::{CONNECTION, HeaderMap, HeaderValue},
};

use super::{
    Problem,
    activity::{Activity, Evicted, InFlight},
    connection::Serving,
    panics::caught,
    reply::Reply,
    request_id::{RequestId, X_REQUEST_ID},
};

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// A body that keeps its request in flight until the connection has taken it over.
#[derive(Debug)]
pub(super) struct Answer {
    body: Full<Bytes>,
    in_flight: InFlight,
    /// On HTTP/1 a peer that does not read shows when writing; on HTTP/2 it may just keep its window shut.
    windowed: bool,
}

/// Has `request` answered, whatever happens in the handler.
///
/// # Errors
/// [`Evicted`]: the connection was closed for a new one just before; nothing was done.
pub(super) async fn answer<H, F>(
    serving: Arc<Serving<H>>,
    activity: Arc<Activity>,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Evicted>
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let in_flight = activity.begin()?;
    let one = request.version() < Version::HTTP_2;
    let asked = request.headers().get(X_REQUEST_ID).cloned();
    // In memory of its own, which ends with it: hyper keeps a place for this future for as long as a connection lives,
    // and the handler's is most of what an idle one would cost.
    let mut reply = match caught(async { Box::pin((serving.handler)(request)).await }).await {
        Ok(reply) => reply,
        Err(_) => {
            let headers = HeaderMap::from_iter(asked.map(|id| (X_REQUEST_ID, id)));
            let id = RequestId::read(&headers, rand::random);
            tracing::error!(request_id = id.as_str(), "a handler panicked");
            Problem::internal().into_reply(&id)
        }
    };
    // hyper closes behind an answer that came before the request's end; the peer should know, and not send another.
    if one && activity.is_in_body() {
        reply.headers_mut().insert(CONNECTION, CLOSE);
    }
    if !one {
        activity.handed_over();
    }
    Ok(reply.map(|body| Answer { body, in_flight, windowed: !one }))
}

impl Drop for Answer {
    fn drop(&mut self) {
        if self.windowed {
            self.in_flight.activity().taken();
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
