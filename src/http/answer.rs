//! One request and its answer, between hyper and the handler.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hyper::{
    Request, Response, Version,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    header::{CONNECTION, HeaderMap, HeaderValue},
};

use super::{
    Problem,
    activity::{Activity, Evicted, InFlight},
    code::Code,
    connections::Connections,
    content::{Content, CutOff},
    inbound::Inbound,
    panics::caught,
    reply::Reply,
    request_id::{RequestId, X_REQUEST_ID},
};
use crate::telemetry::RequestLine;

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// What each request of a connection needs.
pub(super) struct Session<H> {
    pub(super) handler: Arc<H>,
    /// Of HTTP/1, in bytes.
    pub(super) longest_head: usize,
    pub(super) connections: Arc<Connections>,
    pub(super) activity: Arc<Activity>,
}

/// A body that keeps its request in flight until the connection has taken it over.
#[derive(Debug)]
pub(super) struct Answer {
    body: Content,
    in_flight: InFlight,
    one: bool,
    /// On HTTP/1 a peer that does not read shows when writing; on HTTP/2 it may just keep its window shut.
    windowed: bool,
}

impl Answer {
    /// Whether the peer's window is what we wait for.
    fn set_windowed(&mut self, windowed: bool) {
        match (self.windowed, windowed) {
            (false, true) => self.in_flight.activity().handed_over(),
            (true, false) => self.in_flight.activity().taken(),
            _ => {}
        }
        self.windowed = windowed;
    }
}

/// Has `request` answered, whatever happens in the handler.
///
/// # Errors
/// [`Evicted`]: the connection was closed for a new one just before; nothing was done.
pub(super) async fn answer<H, F>(
    session: Arc<Session<H>>,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Evicted>
where
    H: Fn(Request<Inbound>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let activity = &session.activity;
    let awaits = !request.body().is_end_stream();
    let in_flight = activity.begin(awaits)?;
    let one = request.version() < Version::HTTP_2;
    let too_large = one && length(&request) > session.longest_head;
    let request = request.map(|body| Inbound::new(body, Arc::clone(activity), awaits));
    let mut reply = if too_large {
        let id = RequestId::read(request.headers(), rand::random);
        refused(&session.connections, Code::HeadersTooLarge, Some(&id));
        activity.leaves_body();
        Problem::from(Code::HeadersTooLarge).into_reply(&id)
    } else {
        let asked = request.headers().get(X_REQUEST_ID).cloned();
        // In memory of its own, which ends with it: hyper keeps a place for this future for as long as a connection lives,
        // and the handler's is most of what an idle one would cost.
        caught(Box::pin((session.handler)(request))).await.unwrap_or_else(|_| {
            let headers = HeaderMap::from_iter(asked.map(|id| (X_REQUEST_ID, id)));
            let id = RequestId::read(&headers, rand::random);
            tracing::error!(request_id = id.as_str(), "a handler panicked");
            Problem::from(Code::Internal).into_reply(&id)
        })
    };
    // hyper closes behind an answer that came before the request's end; the peer should know, and not send another.
    if one && activity.owes() {
        reply.headers_mut().insert(CONNECTION, CLOSE);
    }
    Ok(reply.map(|body| {
        let mut answer = Answer { body, in_flight, one, windowed: false };
        answer.set_windowed(!one);
        answer
    }))
}

/// Counts a head that was refused before any handler saw it and writes its line, as for any other request; which listener it
/// came to is not known here, nor its id where hyper has refused it.
pub(super) fn refused(connections: &Connections, code: Code, id: Option<&RequestId>) {
    connections.head_refused(code);
    let made;
    let id = match id {
        Some(id) => id,
        None => {
            made = RequestId::new(rand::random());
            &made
        }
    };
    let (outcome, status, request_id) = (code.name(), code.status().as_u16(), id.as_str());
    let (listener, tenant, actor, trace_id, operation, micros) = (None, None, None, None, "other", 0);
    RequestLine { listener, operation, outcome, status, micros, request_id, tenant, actor, trace_id }.info();
}

/// How long an HTTP/1 head was, but for white space.
fn length(request: &Request<Incoming>) -> usize {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let lines = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    target + lines.sum::<usize>()
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.set_windowed(false);
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        if this.body.is_streamed() && !this.one {
            // A piece that was asked for shows an open window; until it is there, we are the ones to be waited for.
            this.set_windowed(false);
            this.set_windowed(frame.is_ready());
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
