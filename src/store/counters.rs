//! Counters of what was exported, read: sums over all buckets, and so over all sidecars.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use futures_util::{StreamExt as _, stream};
use redis::Value;

use super::{
    Store, StoreError,
    call::Command,
    connection::Lane,
    functions::FIGURES,
    key::{OfBucket, OfTime},
};
use crate::event::Bucket;

/// Buckets whose figures are asked for at once: each takes Redis a tenth of a millisecond, and users wait for it.
const AT_ONCE: usize = 4;

/// Fields of hashes, each with a number.
pub type Counted = BTreeMap<Vec<u8>, i64>;

/// What [`Store::figures`] reads.
#[derive(Debug, Default)]
pub struct Figures {
    /// Subjects that are locked.
    pub locked: u64,
    /// Subjects that are disabled.
    pub disabled: u64,
    /// When the first of the locks ends, ms since 1970; 0 where nobody is locked.
    ends: u64,
    /// The counters that there are.
    pub counters: BTreeMap<(OfTime, u64), Counted>,
}

/// What was read of each bucket, for whoever asks again and again for the time up to now.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    /// Read before the figures, which hold as long as these stay.
    marks: Marks,
    figures: BTreeMap<Bucket, Figures>,
}

/// Of each bucket up to where its events were written out, and where to: whatever is counted changes that.
type Marks = BTreeMap<Bucket, Vec<u8>>;

impl Store {
    /// Reads how many subjects are stopped at `now`, and counters of these hours and days, each summed over all buckets. Only
    /// those are asked that had events, or where a lock ended, since they were read into `memory`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn figures(&self, now: u64, counters: &[(OfTime, u64)], memory: &Memory) -> Result<Figures, StoreError> {
        self.usable(FIGURES.name)?;
        let marks = self.marks().await;
        let remembered = || memory.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Remembered { marks: before, figures: mut known } = std::mem::take(&mut *remembered());
        known.retain(|bucket, of| {
            let stays = marks.get(bucket).is_some_and(|mark| before.get(bucket) == Some(mark));
            stays && (of.ends == 0 || now < of.ends)
        });
        let asked: Vec<_> = Bucket::all().filter(|bucket| !known.contains_key(bucket)).collect();
        let asking = asked.into_iter().map(async |bucket| (bucket, self.figures_of(bucket, now, counters).await));
        let mut answers = stream::iter(asking).buffer_unordered(AT_ONCE);
        while let Some((bucket, figures)) = answers.next().await {
            match figures {
                // One bucket less is better than no figures.
                Err(error) if error.is_unreadable() => {}
                figures => drop(known.insert(bucket, figures?)),
            }
        }
        let mut sum = Figures::default();
        for of in known.values() {
            (sum.locked, sum.disabled) = (sum.locked + of.locked, sum.disabled + of.disabled);
            for (counter, counted) in &of.counters {
                let sums = sum.counters.entry(*counter).or_default();
                counted.iter().for_each(|(field, count)| *sums.entry(field.clone()).or_default() += count);
            }
        }
        *remembered() = Remembered { marks, figures: known };
        Ok(sum)
    }

    async fn figures_of(&self, bucket: Bucket, now: u64, counters: &[(OfTime, u64)]) -> Result<Figures, StoreError> {
        let stopped = [OfBucket::Locked, OfBucket::Disabled].map(|kind| kind.key(bucket));
        let counted = counters.iter().map(|(kind, n)| kind.key(bucket, *n));
        let keys: Vec<Vec<u8>> = stopped.into_iter().chain(counted).map(String::into_bytes).collect();
        let mut reply = self.call(Lane::Operators, &FIGURES, bucket, &keys, &[now.to_string().as_bytes()]).await?;
        let [locked, disabled, ends] = [reply.natural()?, reply.natural()?, reply.natural()?];
        let mut figures = Figures { locked, disabled, ends, counters: BTreeMap::new() };
        for counter in counters {
            for _ in 0..reply.natural()? {
                figures.counters.entry(*counter).or_default().insert(reply.bytes()?, reply.int()?);
            }
        }
        Ok(figures)
    }

    /// Reads marks: by two commands, or in a cluster by two for each bucket. None of a bucket whose events wait, of which some
    /// may have stopped or let in a subject, nor of one that does not answer.
    async fn marks(&self) -> Marks {
        let (one, all) = (!self.topology.clustered(), Bucket::all().collect::<Vec<_>>());
        let groups: Vec<_> = all.chunk_by(|_, _| one).filter_map(|group| Some((*group.first()?, group))).collect();
        let keys = |group: &[Bucket], of: OfBucket| group.iter().map(|bucket| of.key(*bucket)).collect::<Vec<_>>();
        let asking = groups.iter().map(|(bucket, group)| {
            let asking = Command::new(*bucket, "XREAD", &["COUNT", "1", "STREAMS"]);
            asking.arg(keys(group, OfBucket::Events)).arg(vec!["0"; group.len()])
        });
        let waiting =
            self.commands::<Option<Vec<(String, Value)>>>(Lane::Operators, FIGURES.name, asking.collect()).await;
        // Asked for after that: an event that waits no more has changed them.
        let asking =
            groups.iter().map(|(bucket, group)| Command::new(*bucket, "MGET", keys(group, OfBucket::Exported)));
        let marks = self.commands::<Vec<Option<Vec<u8>>>>(Lane::Operators, FIGURES.name, asking.collect()).await;
        let told = groups.into_iter().zip(waiting).zip(marks).filter_map(|(((_, group), waiting), marks)| {
            let waiting: BTreeSet<String> = waiting.ok()?.into_iter().flatten().map(|(key, _)| key).collect();
            let marks = group.iter().copied().zip(marks.ok()?.into_iter().map(Option::unwrap_or_default));
            Some(marks.filter(move |(bucket, _)| !waiting.contains(&OfBucket::Events.key(*bucket))))
        });
        told.flatten().collect()
    }
}
