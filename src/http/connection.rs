//! One connection, from its first byte to its last.

use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};

use hyper::{
    Request,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use super::{
    activity::{Activity, Order},
    answer::answer,
    channel::Channel,
    connections::Lease,
    gate::Gate,
    inbound::Inbound,
    limits::Limits,
    listen::Stream,
    reply::Reply,
    sniff::{Protocol, Replayed, sniff},
    watchdog::{Late, Watchdog},
};
use crate::tls::Tls;

/// hyper's buffer for one HTTP/1 connection: the longest head and then some.
const HTTP1_BUFFER: usize = 64 * 1024;

/// HTTP/2 flow control: what a peer may send unasked on one stream (the default longest body) and on all of them (the least
/// that the protocol allows, RFC 9113 §6.9.2).
const STREAM_WINDOW: u32 = 16 * 1024;
const CONNECTION_WINDOW: u32 = 65_535;

/// HTTP/2 frames, in bytes: the smallest that the protocol allows to ask for (RFC 9113 §6.5.2).
const FRAME: u32 = 16 * 1024;

/// Answers of one HTTP/2 stream that wait for its peer, in bytes.
const SEND_BUFFER: usize = 64 * 1024;

/// Streams reset by the peer before they were looked at, and by ourselves for errors of the peer: more than this is an
/// attack (CVE-2023-44487, CVE-2025-8671), and the connection ends. The first is h2's own number.
const PENDING_RESETS: usize = 20;
const ERROR_RESETS: usize = 128;

/// What is needed to serve connections.
pub(super) struct Serving<H> {
    pub(super) handler: H,
    pub(super) limits: Limits,
    tls: Option<Arc<Tls>>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl<H> Serving<H> {
    pub(super) fn new(handler: H, limits: Limits, tls: Option<Arc<Tls>>) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            // The gate passes only complete heads on, so there is nothing for hyper to time.
            .header_read_timeout(None)
            // A peer that has said all it has to say may still read, and a request that was sent is answered.
            .half_close(true)
            .max_buf_size(HTTP1_BUFFER);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.max_streams)
            .keep_alive_interval(limits.ping_interval)
            .keep_alive_timeout(limits.ping_timeout)
            .max_header_list_size(limits.max_head_bytes)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(FRAME)
            .max_send_buf_size(SEND_BUFFER)
            .max_pending_accept_reset_streams(PENDING_RESETS)
            .max_local_error_reset_streams(ERROR_RESETS);
        Self { handler, limits, tls, http1, http2 }
    }
}

/// Serves `stream` until either side ends it.
pub(super) async fn serve<H, F>(stream: Stream, lease: Lease, serving: Arc<Serving<H>>)
where
    H: Fn(Request<Inbound>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let (activity, limits) = (lease.activity(), &serving.limits);
    let mut watchdog = Watchdog::new(activity, limits);
    let opened = {
        let opening = pin!(Channel::open(stream, serving.tls.as_deref(), activity));
        watched(opening, |_, _| Closing::Now, activity, &mut watchdog, limits).await
    };
    let mut io = match opened {
        Some(Ok(io)) => io,
        Some(Err(error)) => {
            // Whoever went away without a word did not fail at it: many only look whether somebody listens.
            if error.kind() == io::ErrorKind::InvalidData {
                lease.connections().handshake_failed();
            }
            return;
        }
        None => return,
    };
    let sniffed = {
        let sniffing = pin!(sniff(&mut io, activity));
        watched(sniffing, |_, _| Closing::Now, activity, &mut watchdog, limits).await
    };
    let Some(Ok(Some((protocol, seen)))) = sniffed else {
        let end = pin!(io.shutdown());
        let _ = watched(end, |_, _| Closing::Begun, activity, &mut watchdog, limits).await;
        return;
    };
    let io = Replayed::new(seen, io);
    match protocol {
        Protocol::Http1 => serve_http1(io, &lease, &mut watchdog, &serving).await,
        Protocol::Http2 => {
            activity.head_ended();
            serve_http2(io, activity, &mut watchdog, &serving).await;
        }
    }
}

async fn serve_http1<S, H, F>(io: S, lease: &Lease, watchdog: &mut Watchdog, serving: &Arc<Serving<H>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Fn(Request<Inbound>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let (activity, limits) = (lease.activity(), &serving.limits);
    let mut gate = Gate::new(io, Arc::clone(activity), limits);
    loop {
        let mut rests = false;
        let ended = {
            let service = service_fn(|request| answer(Arc::clone(serving), Arc::clone(activity), request));
            let connection = pin!(serving.http1.serve_connection(TokioIo::new(&mut gate), service));
            let close = |connection: Pin<&mut http1::Connection<_, _>>, late| {
                rests = late == Some(Late::Rest);
                connection.graceful_shutdown();
                Closing::Begun
            };
            watchdog.set_rests(true);
            let ended = watched(connection, close, activity, watchdog, limits).await;
            watchdog.set_rests(false);
            ended
        };
        if ended.is_none() {
            return;
        }
        // hyper had nothing to do and has ended; the next request gets another.
        if !(rests && activity.order() == Order::Serve) {
            break;
        }
        let mut asked = false;
        let arrived = {
            let arriving = pin!(gate.arrived());
            let close = |_: Pin<&mut _>, _| {
                asked = true;
                Closing::Now
            };
            watched(arriving, close, activity, watchdog, limits).await
        };
        match arrived {
            Some(Ok(true)) => {}
            Some(Ok(false)) => break,
            None if asked => break,
            Some(Err(_)) | None => return,
        }
    }
    let finish = pin!(gate.finish(lease.connections(), limits.linger));
    let _ = watched(finish, |_, _| Closing::Begun, activity, watchdog, limits).await;
}

async fn serve_http2<S, H, F>(io: S, activity: &Arc<Activity>, watchdog: &mut Watchdog, serving: &Arc<Serving<H>>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Inbound>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let service = {
        let (serving, activity) = (Arc::clone(serving), Arc::clone(activity));
        service_fn(move |request| answer(Arc::clone(&serving), Arc::clone(&activity), request))
    };
    let connection = pin!(serving.http2.serve_connection(TokioIo::new(io), service));
    let close = |connection: Pin<&mut http2::Connection<_, _, _>>, _| {
        connection.graceful_shutdown();
        Closing::Begun
    };
    let _ = watched(connection, close, activity, watchdog, &serving.limits).await;
}

/// What came of asking a future to close.
enum Closing {
    /// It may be dropped.
    Now,
    /// It ends by itself, having done what it has to.
    Begun,
}

/// Runs `future` until it ends, is evicted, is told to drop, or is late with something: `None` in all but the first
/// case. When told to drain, or idle for too long, it is asked to close, and told with what it was late.
async fn watched<C: Future>(
    mut future: Pin<&mut C>,
    mut close: impl FnMut(Pin<&mut C>, Option<Late>) -> Closing,
    activity: &Activity,
    watchdog: &mut Watchdog,
    limits: &Limits,
) -> Option<C::Output> {
    let mut closing = false;
    poll_fn(|cx| {
        activity.wakes(cx.waker());
        if activity.is_evicted() || activity.order() == Order::Drop {
            return Poll::Ready(None);
        }
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        let late = match watchdog.poll(cx, activity, limits) {
            Poll::Ready(late) => Some(late),
            Poll::Pending => None,
        };
        let asked = activity.order() == Order::Drain || matches!(late, Some(Late::Idle | Late::Rest));
        if asked && !closing {
            closing = true;
            if matches!(close(future.as_mut(), late), Closing::Now) {
                return Poll::Ready(None);
            }
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
        }
        match late {
            // It will end once it can; meanwhile it may be late with other things.
            Some(Late::Rest) => {
                watchdog.set_rests(false);
                watchdog.poll(cx, activity, limits).map(|_| None)
            }
            // A polite end has no need to be waited for where the peer has been idle for so long.
            Some(_) => Poll::Ready(None),
            None => Poll::Pending,
        }
    })
    .await
}
