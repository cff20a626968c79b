//! The exporter: prints events as JSON lines on standard output and deletes them from the outbox.
//!
//! Every sidecar tries; the lease of a bucket decides whose events they are. Written first, deleted after: a crash in
//! between prints a line again with the same identity, and loses none.
//!
//! It has a thread, a runtime and a connection of its own, so that no request waits while it unpacks events or for whoever
//! reads our output; and it asks for little at a time, so that none waits for Redis to list them.

use std::{
    io::Write,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime,
    sync::{oneshot, watch},
};

use super::event::Event;
use crate::{
    metrics::Metrics,
    store::{
        Bucket, Store, StoreError,
        outbox::{Entry, Written},
    },
};

/// Pause between two rounds when there was little to do. Well within a lease's 5 s.
const ROUND: Duration = Duration::from_millis(500);
/// Most events of one bucket, and buckets, in one question: with these Redis has something like 0.5 ms to do for it, and the
/// answer has about 100 kB.
const BATCH: usize = 64;
const BUCKETS: usize = 8;

/// Starts the thread; what is returned ends when it has: well, with `Ok`, if it was told to.
///
/// # Errors
/// If there can be no thread, or no runtime on it.
pub fn start(
    store: Arc<Store>,
    metrics: Arc<Metrics>,
    who: String,
    stop: watch::Receiver<bool>,
) -> std::io::Result<oneshot::Receiver<()>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let (done, ended) = oneshot::channel();
    thread::Builder::new().name("export".into()).spawn(move || {
        runtime.block_on(run(store, metrics, who, stop));
        // Nobody may be waiting any more.
        let _ = done.send(());
    })?;
    Ok(ended)
}

/// Exports until `stop` turns true, then once more.
async fn run(store: Arc<Store>, metrics: Arc<Metrics>, who: String, mut stop: watch::Receiver<bool>) {
    let buckets: Vec<Bucket> = Bucket::all().collect();
    let mut reported: Option<Instant> = None;
    loop {
        let last = *stop.borrow();
        let more = match round(&store, &metrics, &who, &buckets).await {
            Ok(more) => more,
            Err(error) => {
                // Once in ten seconds: an outage is already told by readiness and metrics.
                if reported.is_none_or(|at| at.elapsed() > Duration::from_secs(10)) {
                    tracing::warn!(%error, "events stay in the outbox");
                    reported = Some(Instant::now());
                }
                false
            }
        };
        if last {
            return;
        }
        if !more {
            tokio::select! {
                () = tokio::time::sleep(ROUND) => {}
                _ = stop.wait_for(|&stop| stop) => {}
            }
        }
    }
}

/// One round; true if a bucket had more than one batch.
async fn round(store: &Store, metrics: &Metrics, who: &str, buckets: &[Bucket]) -> Result<bool, ExportError> {
    let mut more = false;
    for some in buckets.chunks(BUCKETS) {
        more |= export(store, metrics, who, some).await?;
    }
    Ok(more)
}

async fn export(store: &Store, metrics: &Metrics, who: &str, buckets: &[Bucket]) -> Result<bool, ExportError> {
    let batches = store.export(who, buckets, BATCH).await?;
    let mut lines = Vec::new();
    let mut written = Vec::new();
    let mut more = false;
    let mut count = 0;
    for (bucket, entries) in batches {
        let all = entries.len();
        let mut ids = Vec::with_capacity(all);
        for Entry { id, value } in entries {
            // An event that this version cannot read stays for one that can.
            let Some(event) = Event::unpack(bucket, &id, &value) else { continue };
            serde_json::to_writer(&mut lines, &event)?;
            lines.push(b'\n');
            ids.push(id);
        }
        more |= all >= BATCH && !ids.is_empty();
        count += ids.len() as u64;
        if ids.len() < all && !ids.is_empty() {
            written.push((bucket, Written::These(ids)));
        } else if let Some(last) = ids.pop() {
            written.push((bucket, Written::UpTo(last)));
        }
    }
    if written.is_empty() {
        return Ok(false);
    }
    print(&lines)?;
    store.acknowledge(who, &written).await?;
    metrics.events_exported.inc_by(count);
    Ok(more)
}

fn print(lines: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(lines)?;
    out.flush()
}

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("store: {0}")]
    Store(#[from] StoreError),
    #[error("standard output: {0}")]
    Output(#[from] std::io::Error),
    #[error("encoding: {0}")]
    Encoding(#[from] serde_json::Error),
}
