//! The exporter's side of the store: leases, batches, acknowledgements, for many buckets in one round trip.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use redis::Value;

use super::{
    Store, StoreError,
    call::Command,
    connection::Lane,
    failover::positions::Position,
    functions::{ACKNOWLEDGE, EXPORT},
    key::OfBucket,
    tally::Tally,
};
use crate::event::Bucket;

/// How long a lease lasts without renewal, ms: a dead sidecar's buckets are taken over this soon.
const LEASE_MS: u32 = 5000;

/// The answer of `lua/acknowledge.lua` where the lease is another's.
const LOST: i64 = -1;

/// One event as it lies in the stream.
#[derive(Debug)]
pub struct Entry {
    /// The stream's id: epoch-sequence.
    pub id: String,
    /// The packed event.
    pub value: Vec<u8>,
}

/// A bucket that is ours for now.
#[derive(Debug)]
pub struct Lease {
    /// Which.
    pub bucket: Bucket,
    /// Up to where events were written out, and where to, as [`Acknowledged::exported`] said it; `None` where it was ours
    /// before, and empty where it is not known.
    pub before: Option<Vec<u8>>,
    /// How many events it has.
    pub waiting: usize,
}

/// The oldest events of a bucket.
#[derive(Debug)]
pub struct Batch {
    /// Which.
    pub bucket: Bucket,
    /// The events.
    pub entries: Vec<Entry>,
}

/// What was written out of a bucket.
#[derive(Debug)]
pub struct Acknowledged {
    /// Which.
    pub bucket: Bucket,
    /// Which events.
    pub written: Written,
    /// What is to be remembered of where they went.
    pub exported: Vec<u8>,
    /// What they add to the counters.
    pub tally: Tally,
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
    /// Takes or renews the leases of `buckets` for `who`; answers those that are ours. Of those that are `unknown`, and of those
    /// that are ours only now, it tells where events went before.
    pub async fn lease(
        &self,
        who: &str,
        buckets: &[Bucket],
        unknown: &BTreeSet<Bucket>,
    ) -> Result<Vec<Lease>, StoreError> {
        let lease_ms = LEASE_MS.to_string();
        let leases = join_all(buckets.iter().map(|&bucket| {
            let unknown: &[u8] = if unknown.contains(&bucket) { b"1" } else { b"0" };
            let keys = [OfBucket::Lease, OfBucket::Events].map(|kind| kind.key(bucket).into_bytes());
            let args = [who.as_bytes(), lease_ms.as_bytes(), unknown];
            async move {
                let mut lease = self.call(Lane::Export, &EXPORT, bucket, &keys, &args).await?;
                let waiting = usize::try_from(lease.int()?).ok();
                // Where it was another's, or is not known here: where its events went before.
                let before = lease.is_packed().then(|| lease.bytes()).transpose()?;
                Ok(waiting.map(|waiting| Lease { bucket, before, waiting }))
            }
        }));
        some(leases.await).map(|leases| leases.into_iter().flatten().collect())
    }

    /// Reads up to `most` of the oldest events of each of `buckets`, but for those up to the one that it is to be `behind`.
    pub async fn oldest<'a>(
        &self,
        buckets: impl Iterator<Item = Bucket>,
        behind: impl Fn(Bucket) -> Option<&'a str>,
        most: usize,
    ) -> Result<Vec<Batch>, StoreError> {
        let buckets: Vec<Bucket> = buckets.collect();
        let reading = buckets.iter().map(|&bucket| {
            let from = behind(bucket).map_or("-".to_owned(), |id| format!("({id}"));
            Command::new(bucket, "XRANGE", OfBucket::Events.key(bucket)).arg(from).arg(&["+", "COUNT"]).arg(most)
        });
        let read = self.commands::<Value>(Lane::Export, EXPORT.name, reading.collect()).await;
        let batches = buckets.into_iter().zip(read).map(|(bucket, values)| {
            let entries = entries(values?);
            Ok(Batch { bucket, entries })
        });
        some(batches.collect())
    }

    /// Up to where events of each bucket were written out, and where to; nothing of a bucket of which none ever was. Whether
    /// the store may be asked is for the caller to know ([`Store::probe`]).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn exported(&self) -> Result<Vec<(Bucket, Vec<u8>)>, StoreError> {
        let asking = Bucket::all().map(|bucket| Command::new(bucket, "GET", OfBucket::Exported.key(bucket)));
        let asked: Vec<Result<Option<Vec<u8>>, _>> =
            self.commands(Lane::Background, EXPORT.name, asking.collect()).await;
        let asked = asked.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(Bucket::all().zip(asked).filter_map(|(bucket, found)| Some((bucket, found?))).collect())
    }

    /// Deletes events that were written out, bucket by bucket, and adds them to counters: both or neither. A bucket whose
    /// lease was lost keeps its own; those are answered.
    ///
    /// # Errors
    /// [`StoreError`]: what was not deleted will be read again, and was not counted.
    pub async fn acknowledge(&self, who: &str, written: &[Acknowledged]) -> Result<Vec<Bucket>, StoreError> {
        let deleted = join_all(written.iter().map(|Acknowledged { bucket, written, exported, tally }| async move {
            let keys = [OfBucket::Lease, OfBucket::Events].map(|kind| kind.key(*bucket).into_bytes());
            let which = match written {
                Written::UpTo(id) => vec!["up to".to_owned(), behind(id)],
                Written::These(ids) => ids.clone(),
            };
            let mut args = vec![who.as_bytes().to_vec(), exported.clone(), which.len().to_string().into_bytes()];
            args.extend(which.into_iter().map(String::into_bytes));
            args.extend(tally.arguments(*bucket));
            let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
            self.call(Lane::Export, &ACKNOWLEDGE, *bucket, &keys, &args).await?.int()
        }));
        let (mut lost, mut failed) = (Vec::new(), None);
        for (Acknowledged { bucket, .. }, deleted) in written.iter().zip(deleted.await) {
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
}

/// What was answered: what one primary does not answer keeps nobody from the events of the others.
fn some<T>(all: Vec<Result<T, StoreError>>) -> Result<Vec<T>, StoreError> {
    let (mut answers, mut failed) = (Vec::with_capacity(all.len()), None);
    for one in all {
        match one {
            Ok(answer) => answers.push(answer),
            Err(error) => failed = Some(error),
        }
    }
    failed.filter(|_| answers.is_empty()).map_or(Ok(answers), Err)
}

/// The least id behind this one; of no id of ours there is none, so that nothing goes.
fn behind(id: &str) -> String {
    Position::behind(id).unwrap_or_default().to_string()
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
