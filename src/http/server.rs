//! Accepts connections until told to stop, then sees the last requests through.

use std::{io, pin::pin, sync::Arc, time::Duration};

use hyper::Request;
use rustix::io::Errno;
use tokio::time::{sleep, timeout};

use super::{
    activity::Order,
    connection::{self, Serving},
    connections::Connections,
    inbound::Inbound,
    limits::{DROP_GRACE, Limits},
    listen::Listener,
    reply::Reply,
};

/// Pauses after an accept that failed for want of resources: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// How often all connections are looked at for what takes too long on them: so much later than it should each may end, and
/// ten thousand cost half a thousandth of a processor.
const SWEEP: Duration = Duration::from_millis(250);

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still open at the deadline, and were dropped.
    pub dropped: usize,
}

/// Serves every connection that `listener` accepts, within `limits` and the cap of `connections`, until `shutdown`
/// ends. Then nothing more is accepted (a unix socket's file is gone), idle connections are closed, requests in flight
/// are answered, and what is left at [`Limits::drain_deadline`] is dropped.
///
/// Each request goes to `handler`, whose panics are answered with 500 `internal`. Nothing but `shutdown` ends this.
pub async fn serve<H, F>(
    listener: Listener,
    limits: Limits,
    connections: Arc<Connections>,
    handler: H,
    shutdown: impl Future<Output = ()>,
) -> Drained
where
    H: Fn(Request<Inbound>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let serving = Arc::new(Serving::new(handler, limits, listener.tls()));
    let sweeping = async {
        loop {
            sleep(SWEEP).await;
            connections.sweep(&serving.limits);
        }
    };
    let serving = async {
        tokio::select! {
            biased;
            () = shutdown => {}
            () = accept(&listener, &connections, &serving) => {}
        }
        drop(listener);
        connections.tell_all(Order::Drain);
        if timeout(serving.limits.drain_deadline, connections.emptied()).await.is_ok() {
            return Drained { dropped: 0 };
        }
        let dropped = connections.open();
        connections.tell_all(Order::Drop);
        let _ = timeout(DROP_GRACE, connections.emptied()).await;
        Drained { dropped }
    };
    tokio::select! {
        drained = serving => drained,
        () = sweeping => Drained { dropped: 0 },
    }
}

async fn accept<H, F>(listener: &Listener, connections: &Arc<Connections>, serving: &Arc<Serving<H>>)
where
    H: Fn(Request<Inbound>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let mut pause = FIRST_PAUSE;
    loop {
        match listener.accept().await {
            Ok(stream) => {
                pause = FIRST_PAUSE;
                // Without a place the stream is dropped here, which closes it.
                if let Some(lease) = connections.admit() {
                    tokio::spawn(connection::serve(stream, lease, Arc::clone(serving)));
                }
            }
            Err(error) => {
                if let Some(wait) = recovers(&error, connections, pause) {
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    pin!(sleep(wait)).await;
                }
            }
        }
    }
}

/// How long to wait after `error`: not at all where it was that one connection's own.
fn recovers(error: &io::Error, connections: &Connections, pause: Duration) -> Option<Duration> {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
        return None;
    }
    if pause == FIRST_PAUSE {
        tracing::warn!(%error, "cannot accept connections");
    }
    let out_of_descriptors = [Errno::MFILE, Errno::NFILE].map(|errno| Some(errno.raw_os_error()));
    if out_of_descriptors.contains(&error.raw_os_error()) {
        connections.evict_one();
    }
    Some(pause)
}
