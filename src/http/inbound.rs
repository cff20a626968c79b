//! A request's body on its way in: its connection knows that it waits for it, and how much it holds of it.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use super::{Code, Problem, activity::Activity};

/// Most bytes of bodies that one connection may have begun and not ended: each of its streams may hold one. A single body
/// has a bound of its own.
const UNFINISHED: usize = 64 * 1024;

const TOO_MUCH: &str = "Too many bodies of this connection have begun and not ended. Send this one again in {wait}.";

/// How long whoever has begun too many bodies at once is asked to wait.
const RETRY_MS: u64 = 1000;

/// A body that its connection may be evicted for, as long as it has not come whole.
#[derive(Debug)]
pub struct Inbound {
    body: Incoming,
    activity: Arc<Activity>,
    awaited: bool,
    held: usize,
}

/// Why a body did not come whole.
#[derive(Debug, thiserror::Error)]
pub enum InboundError {
    /// It ended early, is framed wrongly, or its connection was closed for a new one.
    #[error("the body did not come whole")]
    Cut,
    /// The connection has begun more bodies than it may hold at once.
    #[error("too many bodies at once")]
    TooMuch,
}

impl From<InboundError> for Problem {
    fn from(error: InboundError) -> Self {
        match error {
            InboundError::Cut => Self::malformed("The body ended early or is framed wrongly."),
            InboundError::TooMuch => Self::waiting_with(Code::Overloaded, RETRY_MS, TOO_MUCH),
        }
    }
}

impl From<Infallible> for Problem {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Inbound {
    /// A body of a connection that knows whether it is `awaited`.
    pub(super) const fn new(body: Incoming, activity: Arc<Activity>, awaited: bool) -> Self {
        Self { body, activity, awaited, held: 0 }
    }

    /// # Errors
    /// The connection has been evicted: nothing may be done for this request.
    fn came(&mut self) -> Result<(), InboundError> {
        self.activity.give_back(std::mem::take(&mut self.held));
        if std::mem::take(&mut self.awaited) {
            self.activity.body_came().map_err(|_| InboundError::Cut)
        } else {
            Ok(())
        }
    }

    fn hold(&mut self, bytes: usize) -> Result<(), InboundError> {
        self.held += bytes;
        let all = self.activity.hold(bytes);
        if all > UNFINISHED && all > self.held { Err(InboundError::TooMuch) } else { Ok(()) }
    }
}

impl Body for Inbound {
    type Data = Bytes;
    type Error = InboundError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, InboundError>>> {
        let this = self.get_mut();
        let frame = match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
            None => return Poll::Ready(this.came().err().map(Err)),
            Some(Ok(frame)) => frame,
            Some(Err(_)) => {
                this.activity.leaves_body();
                return Poll::Ready(Some(Err(InboundError::Cut)));
            }
        };
        if this.body.is_end_stream() {
            this.came()?;
        } else if let Some(data) = frame.data_ref() {
            this.hold(data.len())?;
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Inbound {
    /// Looks whether what nobody has read has come nevertheless: behind an answer that was early, hyper closes.
    fn drop(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        while self.awaited && !self.body.is_end_stream() {
            match Pin::new(&mut self.body).poll_frame(&mut cx) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(None) => break,
                Poll::Ready(Some(Err(_))) | Poll::Pending => {
                    self.activity.leaves_body();
                    break;
                }
            }
        }
        // Who gave it up has no use for the answer.
        let _ = self.came();
    }
}
