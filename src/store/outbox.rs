//! The exporter's side of the store: leases, batches, acknowledgements, for many buckets in one round trip.

use redis::{Cmd, Value};

use super::{
    Store, StoreError,
    each::{Answered, What},
    function::{ACKNOWLEDGE, EXPORT, Function},
    key::OfBucket,
    node::Over,
    tally::Tally,
};
use crate::event::Bucket;

/// How long a lease lasts without renewal, ms: a dead sidecar's buckets are taken over this soon.
const LEASE_MS: u32 = 5000;

/// The answer of `lua/acknowledge.lua` where the lease is another's.
const LOST: Value = Value::Int(-1);

/// One event as it lies in the stream.
#[derive(Debug)]
pub struct Entry {
    /// The stream's id: epoch-sequence.
    pub id: String,
    /// The packed event.
    pub value: Vec<u8>,
}

/// What of a bucket's batch was written out.
#[derive(Debug)]
pub enum Written {
    /// All of it; this is the last one's id.
    UpTo(String),
    /// These, and others stay.
    These(Vec<String>),
}

impl Store {
    /// Takes or renews the leases of `buckets` for `who`, and reads up to `most` of the oldest events of each that is ours.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn export(
        &self,
        who: &str,
        buckets: &[Bucket],
        most: usize,
    ) -> Result<Vec<(Bucket, Vec<Entry>)>, StoreError> {
        let command = |bucket: &Bucket| {
            let mut cmd = self.fcall(&EXPORT, *bucket, &[OfBucket::Lease.key(*bucket).into_bytes()]);
            cmd.arg(who).arg(LEASE_MS);
            cmd
        };
        let leases = self.calls(Over::Exporting, &EXPORT, buckets, |bucket| *bucket, command).await;
        let mut failed = None;
        let mut held = Vec::with_capacity(buckets.len());
        for (bucket, lease) in buckets.iter().zip(leases) {
            match lease {
                Ok(Value::Int(1)) => held.push(*bucket),
                Ok(_) => {}
                Err(error) => failed = Some(error),
            }
        }
        let reading = held.iter().map(|&bucket| {
            let mut cmd = redis::cmd("XRANGE");
            cmd.arg(OfBucket::Events.key(bucket)).arg("-").arg("+").arg("COUNT").arg(most);
            (bucket, cmd)
        });
        let read: Vec<Result<Value, _>> = self.plain_over(Over::Exporting, EXPORT.name, reading.collect()).await;
        let mut batches = Vec::with_capacity(held.len());
        for (bucket, values) in held.into_iter().zip(read) {
            match values {
                Ok(values) => batches.push((bucket, entries(values))),
                Err(error) => failed = Some(error),
            }
        }
        // What one primary does not answer keeps nobody from the events of the others.
        match failed {
            Some(error) if batches.is_empty() => Err(error),
            _ => Ok(batches),
        }
    }

    /// Deletes events that were written out, bucket by bucket, and adds them to counters: both or neither. A bucket whose
    /// lease was lost keeps its own; those are answered.
    ///
    /// # Errors
    /// [`StoreError`]: what was not deleted will be read again, and was not counted.
    pub async fn acknowledge(
        &self,
        who: &str,
        written: &[(Bucket, Written, Tally)],
    ) -> Result<Vec<Bucket>, StoreError> {
        let command = |(bucket, written, tally): &(Bucket, Written, Tally)| {
            let kinds = [OfBucket::Lease, OfBucket::Events, OfBucket::Tally].into_iter();
            let kinds = kinds.chain(tally.lines().iter().map(|(stream, _)| *stream));
            let keys: Vec<Vec<u8>> = kinds.map(|kind| kind.key(*bucket).into_bytes()).collect();
            let mut cmd = self.fcall(&ACKNOWLEDGE, *bucket, &keys);
            cmd.arg(who).arg(tally.journal());
            for (_, packed) in tally.lines() {
                cmd.arg(packed);
            }
            match written {
                Written::UpTo(id) => cmd.arg("up to").arg(behind(id)),
                Written::These(ids) => cmd.arg(ids),
            };
            cmd
        };
        let deleted = self.calls(Over::Exporting, &ACKNOWLEDGE, written, |(bucket, ..)| *bucket, command).await;
        let (mut lost, mut failed) = (Vec::new(), None);
        for ((bucket, ..), deleted) in written.iter().zip(deleted) {
            match deleted {
                Ok(LOST) => lost.push(*bucket),
                Ok(_) => {}
                Err(error) => {
                    // Its events will be read again.
                    lost.push(*bucket);
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if lost.len() == written.len() => Err(error),
            _ => Ok(lost),
        }
    }

    /// One function for several things, in one round trip to each primary that holds some of them.
    pub(super) async fn calls<T: Sync>(
        &self,
        over: Over,
        function: &'static Function,
        things: &[T],
        bucket_of: impl Fn(&T) -> Bucket + Sync,
        command: impl Fn(&T) -> Cmd + Sync,
    ) -> Vec<Result<Value, StoreError>> {
        let answers = self.calls_at(over, function, things, bucket_of, command).await;
        answers.into_iter().map(|answer| answer.map(|answered| answered.value)).collect()
    }

    /// The same, with where each answer came from.
    pub(super) async fn calls_at<T: Sync>(
        &self,
        over: Over,
        function: &'static Function,
        things: &[T],
        bucket_of: impl Fn(&T) -> Bucket + Sync,
        command: impl Fn(&T) -> Cmd + Sync,
    ) -> Vec<Result<Answered, StoreError>> {
        self.metrics.store_calls.of(function.name).inc_by(things.len() as u64);
        let answers = self.each(over, What::Function, things, bucket_of, command).await;
        answers.into_iter().map(|answer| self.note(function.name, answer)).collect()
    }
}

/// The least id behind this one.
fn behind(id: &str) -> String {
    match id.rsplit_once('-').and_then(|(epoch, seq)| Some((epoch, seq.parse::<u64>().ok()?.checked_add(1)?))) {
        Some((epoch, seq)) => format!("{epoch}-{seq}"),
        // No id of ours: nothing is behind it, so nothing goes.
        None => "0-0".to_owned(),
    }
}

fn entries(value: Value) -> Vec<Entry> {
    let Value::Array(items) = value else { return Vec::new() };
    items.into_iter().filter_map(entry).collect()
}

fn entry(value: Value) -> Option<Entry> {
    let Value::Array(parts) = value else { return None };
    let mut parts = parts.into_iter();
    let (Some(Value::BulkString(id)), Some(Value::Array(fields))) = (parts.next(), parts.next()) else { return None };
    let Some(Value::BulkString(value)) = fields.into_iter().nth(1) else { return None };
    Some(Entry { id: String::from_utf8(id).ok()?, value })
}
