//! The exporter: prints events as JSON lines on standard output and deletes them from the outbox.
//!
//! Every sidecar tries; the lease of a bucket decides whose events they are. Written first, deleted after: a crash in
//! between prints a line again with the same identity, and loses none.

use std::{
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;

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
/// Most events of one bucket in one round: about 50 kB of answer.
const BATCH: usize = 256;

/// Exports until `stop` turns true, then once more.
pub async fn run(store: Arc<Store>, metrics: Arc<Metrics>, who: String, mut stop: watch::Receiver<bool>) {
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
    let batches = store.export(who, buckets, BATCH).await?;
    let mut lines = Vec::new();
    let mut written = Vec::new();
    let mut more = false;
    let mut count = 0;
    for (bucket, entries) in batches {
        let all = entries.len();
        more |= all >= BATCH;
        let mut ids = Vec::with_capacity(all);
        for Entry { id, value } in entries {
            // An event that this version cannot read stays for one that can.
            let Some(event) = Event::unpack(bucket, &id, &value) else { continue };
            serde_json::to_writer(&mut lines, &event)?;
            lines.push(b'\n');
            ids.push(id);
        }
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
    // Off the async threads: whoever reads our output may be slow.
    tokio::task::spawn_blocking(move || print(&lines)).await.map_err(std::io::Error::other)??;
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
