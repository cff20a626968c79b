//! One connection, from its first byte to its last.

use std::{future::poll_fn, io, pin::Pin, sync::Arc, task::Poll};

use futures_util::FutureExt as _;
use hyper::{Request, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio_rustls::TlsAcceptor;

use super::{
    activity::{Activity, Order},
    answer::{Session, answer, refused},
    code::Code,
    connections::Lease,
    inbound::Inbound,
    limits::Limits,
    listen::Stream,
    reply::Reply,
    timed::Timed,
};
use crate::tls::Tls;

/// What TLS calls it (RFC 7301).
const HTTP2: &[u8] = b"h2";

/// HTTP/2 flow control: what a peer may send unasked on one stream (the default longest body) and on all of them (the least
/// that the protocol allows, RFC 9113 §6.9.2).
const STREAM_WINDOW: u32 = 16 * 1024;
const CONNECTION_WINDOW: u32 = 65_535;

/// Streams reset by the peer before they were looked at, and by ourselves for errors of the peer: more than this is an
/// attack (CVE-2023-44487, CVE-2025-8671), and the connection ends. The first is h2's own number.
const PENDING_RESETS: usize = 20;
const ERROR_RESETS: usize = 128;

/// What is needed to serve connections.
pub(super) struct Serving<H> {
    handler: Arc<H>,
    pub(super) limits: Limits,
    tls: Option<Arc<Tls>>,
    /// Either version of HTTP, told apart by the first bytes.
    either: auto::Builder<TokioExecutor>,
    /// HTTP/1 alone, for TLS that has not settled on HTTP/2: it knows how to end before it has read anything.
    http1: auto::Builder<TokioExecutor>,
}

impl<H> Serving<H> {
    pub(super) fn new(handler: H, limits: Limits, tls: Option<Arc<Tls>>) -> Self {
        let mut either = auto::Builder::new(TokioExecutor::new());
        either
            .http1()
            // The connection's own clock ends slow heads; hyper's would also end idle connections.
            .header_read_timeout(None)
            // A peer that has said all it has to say may still read, and a request that was sent is answered.
            .half_close(true)
            .max_buf_size(limits.longest_head());
        either
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.max_streams)
            .keep_alive_interval(limits.ping_interval)
            .keep_alive_timeout(limits.ping_timeout)
            .max_header_list_size(limits.max_head_bytes)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_pending_accept_reset_streams(PENDING_RESETS)
            .max_local_error_reset_streams(ERROR_RESETS);
        let http1 = either.clone().http1_only();
        Self { handler: Arc::new(handler), limits, tls, either, http1 }
    }
}

/// Serves `stream` until either side ends it.
pub(super) async fn serve<H, F>(stream: Box<dyn Stream>, lease: Lease, serving: Arc<Serving<H>>)
where
    H: Fn(Request<Inbound>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let timed = Timed::new(stream, Arc::clone(lease.activity()));
    let opened = match &serving.tls {
        None => Some((Box::new(timed) as Box<dyn Stream>, true)),
        // In memory of its own: a connection is large while it shakes hands, and as long as it lives there is room for that.
        Some(tls) => Box::pin(secured(timed, tls, &lease)).await,
    };
    let Some((io, either)) = opened else { return };
    serve_http(io, &lease, &serving, either).await;
}

/// Shakes hands; what is spoken above it then, and whether that is `either` version of HTTP or HTTP/1. `None` if it failed or
/// was told to end.
async fn secured(timed: Timed<Box<dyn Stream>>, tls: &Tls, lease: &Lease) -> Option<(Box<dyn Stream>, bool)> {
    let handshake = Box::pin(TlsAcceptor::from(tls.server()).accept(timed.shakes_hands()));
    match until_told(Arc::clone(lease.activity()), handshake, |_| false).await? {
        Ok(mut stream) => {
            let (io, session) = stream.get_mut();
            let http2 = session.alpn_protocol() == Some(HTTP2);
            io.shook_hands(http2, !session.wants_read());
            Some((Box::new(stream), http2))
        }
        Err(error) => {
            tracing::debug!(%error, "no TLS handshake");
            // Whoever went away without a word did not fail at it: many only look whether somebody listens.
            if error.kind() == io::ErrorKind::InvalidData {
                lease.connections().handshake_failed();
            }
            None
        }
    }
}

/// Serves HTTP/1, or `either` version. No `async fn`: the compiler could not tell that what it makes of one can be sent.
fn serve_http<H, F>(
    io: Box<dyn Stream>,
    lease: &Lease,
    serving: &Arc<Serving<H>>,
    either: bool,
) -> impl Future<Output = ()> + Send + use<H, F>
where
    H: Fn(Request<Inbound>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let connections = Arc::clone(lease.connections());
    let session = Arc::new(Session {
        handler: Arc::clone(&serving.handler),
        longest_head: serving.limits.max_head_bytes as usize,
        connections: Arc::clone(&connections),
        activity: Arc::clone(lease.activity()),
    });
    let service = service_fn(move |request| answer(Arc::clone(&session), request));
    let builder = if either { &serving.either } else { &serving.http1 };
    let connection = Box::pin(builder.serve_connection(TokioIo::new(io), service).into_owned());
    let close = |connection: Pin<&mut auto::Connection<'static, _, _, _>>| {
        connection.graceful_shutdown();
        true
    };
    until_told(Arc::clone(lease.activity()), connection, close).map(move |ended| {
        let Some(Err(error)) = ended else { return };
        tracing::debug!(%error, "a connection ended");
        match error.downcast_ref::<hyper::Error>() {
            Some(error) if error.is_parse_too_large() => refused(&connections, Code::HeadersTooLarge, None),
            Some(error) if error.is_parse() => refused(&connections, Code::Malformed, None),
            _ => {}
        }
    })
}

/// Runs `future` until it ends or is told to drop: `None` then. Told to drain, it is asked to close, which says whether it
/// will end by itself.
fn until_told<C: Future>(
    activity: Arc<Activity>,
    mut future: Pin<Box<C>>,
    mut close: impl FnMut(Pin<&mut C>) -> bool,
) -> impl Future<Output = Option<C::Output>> {
    let mut told = Order::Serve;
    poll_fn(move |cx| {
        activity.wakes(cx.waker());
        let order = activity.order();
        if order > told {
            told = order;
            if order == Order::Drop || !close(future.as_mut()) {
                return Poll::Ready(None);
            }
        }
        future.as_mut().poll(cx).map(Some)
    })
}
