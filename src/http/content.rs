//! What an answer holds: bytes that are all there, or pieces that come as they are made.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::mpsc;

/// An answer's body.
#[derive(Debug)]
pub enum Content {
    /// All of it.
    Whole(Full<Bytes>),
    /// Piece by piece.
    Streamed(mpsc::Receiver<Part>),
}

/// A part of an answer that is made piece by piece.
#[derive(Debug)]
pub enum Part {
    /// The next bytes.
    Piece(Bytes),
    /// There are no more. Without it the answer is cut off, and its reader sees that it is not whole.
    End,
}

/// Whoever makes the pieces ended before the last.
#[derive(Debug, thiserror::Error)]
#[error("the answer is cut off")]
pub struct CutOff;

impl Content {
    /// Whether it is made while it is sent: who waits for it then waits for us, and not for the peer.
    pub(super) const fn is_streamed(&self) -> bool {
        matches!(self, Self::Streamed(_))
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Whole(Full::default())
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        match self.get_mut() {
            Self::Whole(whole) => Pin::new(whole).poll_frame(cx).map_err(|never| match never {}),
            Self::Streamed(parts) => Poll::Ready(match ready!(parts.poll_recv(cx)) {
                Some(Part::Piece(piece)) => Some(Ok(Frame::data(piece))),
                Some(Part::End) => None,
                None => Some(Err(CutOff)),
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Streamed(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Streamed(_) => SizeHint::default(),
        }
    }
}
