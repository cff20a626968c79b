//! The exporter's side of the store: leases, batches, acknowledgements, for many buckets in one round trip.

use redis::{Cmd, Value, aio::MultiplexedConnection};

use super::{
    Bucket, Store, StoreError,
    key::OfBucket,
    link::Link,
    script::{ACKNOWLEDGE, EXPORT, Script},
    tally::Tally,
};

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
        let command = |verb: &str, what: &str, bucket: &Bucket| {
            let mut cmd = redis::cmd(verb);
            cmd.arg(what).arg(1).arg(OfBucket::Lease.key(*bucket)).arg(who).arg(LEASE_MS);
            cmd
        };
        let leases = self.each(&EXPORT, buckets, command).await?;
        let held = buckets.iter().zip(leases).filter(|(_, lease)| *lease == Value::Int(1));
        let held: Vec<Bucket> = held.map(|(bucket, _)| *bucket).collect();
        let mut reading = redis::Pipeline::with_capacity(held.len());
        for &bucket in &held {
            reading.cmd("XRANGE").arg(OfBucket::Events.key(bucket)).arg("-").arg("+").arg("COUNT").arg(most);
        }
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let read = self.exporting.run(|mut connection: MultiplexedConnection| async move {
            reading.query_async::<Vec<Value>>(&mut connection).await
        });
        let values = self.note(EXPORT.name, read.await)?;
        Ok(held.into_iter().zip(values.into_iter().map(entries)).collect())
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
        let command = |verb: &str, what: &str, (bucket, written, tally): &(Bucket, Written, Tally)| {
            let mut cmd = redis::cmd(verb);
            cmd.arg(what).arg(3 + tally.lines().len());
            for kind in [OfBucket::Lease, OfBucket::Events, OfBucket::Tally] {
                cmd.arg(kind.key(*bucket));
            }
            for (stream, _) in tally.lines() {
                cmd.arg(stream.key(*bucket));
            }
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
        let deleted = self.each(&ACKNOWLEDGE, written, command).await?;
        let lost = written.iter().zip(deleted).filter(|(_, deleted)| *deleted == LOST);
        Ok(lost.map(|((bucket, ..), _)| *bucket).collect())
    }

    /// One script for several things, in one round trip over the exporter's connection.
    pub(super) async fn each<T>(
        &self,
        script: &'static Script,
        things: &[T],
        command: impl Fn(&str, &str, &T) -> Cmd,
    ) -> Result<Vec<Value>, StoreError> {
        self.each_over(&self.exporting, script, things, command).await
    }

    /// The same over a link of the caller's choice.
    pub(super) async fn each_over<T>(
        &self,
        link: &Link,
        script: &'static Script,
        things: &[T],
        command: impl Fn(&str, &str, &T) -> Cmd,
    ) -> Result<Vec<Value>, StoreError> {
        let pipeline = |verb: &str, what: &str| {
            let mut pipe = redis::Pipeline::with_capacity(things.len());
            for thing in things {
                pipe.add_command(command(verb, what, thing));
            }
            pipe
        };
        let (by_sha, whole) = (pipeline("EVALSHA", &script.sha), || pipeline("EVAL", script.body));
        let answer = link.run(|mut connection: MultiplexedConnection| async move {
            match by_sha.query_async::<Vec<Value>>(&mut connection).await {
                Err(error) if super::unknown_script(&error) => whole().query_async(&mut connection).await,
                answer => answer,
            }
        });
        let answer = answer.await;
        self.metrics.store_calls.of(script.name).inc_by(things.len() as u64);
        self.note(script.name, answer)
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
