//! What is learned of sign-ins (`lua/risk.lua`): profiles, what users share, and what was flagged.

use std::{collections::HashSet, time::Duration};

use redis::FromRedisValue;

use super::{
    Store, StoreError,
    call::Command,
    connection::Lane,
    functions::{RISK_PATTERN, RISK_PROFILE, RISK_TABLE},
    key::{OfBucket, OfReference},
};
use crate::{
    event::Bucket,
    policy::Quota,
    risk::{Pattern, state::Flag, table::Table},
    secret::Reference,
};

/// The label of plain reads in metrics.
const NAME: &str = "risk";
/// How long a table is kept after somebody added to it.
const TABLE: Duration = Duration::from_secs(90 * 86_400);
/// Strangers noted of a network, and networks of a subject, at most, where no quota is higher; and the bytes of one.
const STRANGERS: u32 = 64;
const GUESSERS: u32 = 16;
const NOTED: usize = 8;
const WEEK_MS: u64 = 7 * 86_400_000;

/// A profile that is to stand in the place of what was read.
#[derive(Debug)]
pub struct Lesson {
    /// Whose.
    pub subject: Reference,
    /// What was read; empty where there was nothing.
    pub before: Vec<u8>,
    /// What is to be.
    pub after: Vec<u8>,
    /// When the sign-in was, ms since 1970.
    pub at_ms: u64,
}

/// Somebody who does what many others must not do at the same place, or who did and is no such person.
#[derive(Debug)]
pub struct Sighting {
    /// What was seen.
    pub pattern: Pattern,
    /// The network or subject that it is about.
    pub about: Reference,
    /// Who, by the first bytes of a reference.
    pub who: u32,
    /// When, ms since 1970.
    pub at_ms: u64,
    /// How many are too many, and within which time.
    pub quota: Quota,
    /// Whether whoever was noted is not to be any more.
    pub withdrawn: bool,
}

/// What is held of a user's sign-ins.
#[derive(Debug, Default)]
pub struct Held {
    /// The profile, if there is one.
    pub profile: Option<Vec<u8>>,
    /// How many networks failed at the user of late.
    pub failing_networks: usize,
    /// Whether they are too many.
    pub is_flagged: bool,
}

impl Sighting {
    /// Which window since 1970 it falls in.
    pub fn nth(&self) -> u64 {
        self.at_ms / 1000 / self.quota.window.as_secs().max(1)
    }
}

impl Store {
    /// The profile of one user, beside a call that is under way on the same connection.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn profile(&self, subject: &Reference) -> Result<Option<Vec<u8>>, StoreError> {
        self.of(Lane::Interactive, subject, "GET", &[OfReference::Profile]).await
    }

    /// Asks for what is held of a user, a tenant or a network.
    async fn of<T: FromRedisValue>(
        &self,
        lane: Lane,
        about: &Reference,
        command: &str,
        kinds: &[OfReference],
    ) -> Result<T, StoreError> {
        self.usable(NAME)?;
        let keys: Vec<_> = kinds.iter().map(|kind| kind.key(about)).collect();
        self.command(lane, NAME, Command::new(Bucket::of(about), command, keys)).await
    }

    /// Writes what was learned of users of one bucket; answers of how many it was: not where somebody else did, or the user was
    /// erased.
    ///
    /// # Errors
    /// [`StoreError`]: what of it was written is unknown.
    pub async fn learn(&self, bucket: Bucket, lessons: &[Lesson], memory: Duration) -> Result<u64, StoreError> {
        if lessons.is_empty() {
            return Ok(0);
        }
        let keys_of =
            |lesson: &Lesson| [OfReference::Profile, OfReference::Person].map(|kind| kind.key(&lesson.subject));
        let keys: Vec<_> = lessons.iter().flat_map(keys_of).collect();
        let times: Vec<String> = lessons.iter().map(|lesson| lesson.at_ms.to_string()).collect();
        let kept = memory.as_millis().to_string();
        let each = lessons.iter().zip(&times).flat_map(|(of, at)| [&of.before[..], &of.after, at.as_bytes()]);
        let args: Vec<&[u8]> = std::iter::once(kept.as_bytes()).chain(each).collect();
        let written = self.call(Lane::Export, &RISK_PROFILE, bucket, &keys, &args).await?.int()?;
        Ok(written.try_into().unwrap_or_default())
    }

    /// Adds to what a tenant's users share.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was added is unknown.
    pub async fn share(&self, tenant: &Reference, learned: &Table, now_ms: u64) -> Result<(), StoreError> {
        let keys = [OfReference::Shared.key(tenant)];
        let (week, kept) = ((now_ms / WEEK_MS).to_string(), TABLE.as_millis().to_string());
        let args: [&[u8]; 3] = [week.as_bytes(), &learned.packed(), kept.as_bytes()];
        self.call(Lane::Export, &RISK_TABLE, Bucket::of(tenant), &keys, &args).await.map(drop)
    }

    /// What a tenant's users share; nothing was counted where there is no table.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn shared(&self, tenant: &Reference) -> Result<Table, StoreError> {
        let read: Option<Vec<u8>> = self.of(Lane::Background, tenant, "GET", &[OfReference::Shared]).await?;
        Ok(read.and_then(|bytes| Table::read(&bytes)).unwrap_or_default())
    }

    /// What is held of one user's sign-ins; what is of a wrong type is nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn held_risk(&self, subject: &Reference, now_ms: u64) -> Result<Held, StoreError> {
        let kinds = [OfReference::Profile, OfReference::Guessers];
        let [profile, networks]: [Option<Vec<u8>>; 2] = self.of(Lane::Background, subject, "MGET", &kinds).await?;
        Ok(Held {
            profile,
            failing_networks: networks.map_or(0, |networks| networks.len() / NOTED),
            is_flagged: self.flagged(now_ms).await?.contains(&Pattern::Guessing.flag(subject)),
        })
    }

    /// Notes a sighting; answers whether they are too many from now on.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was noted is unknown.
    pub async fn sight(&self, sighting: &Sighting) -> Result<bool, StoreError> {
        let &Sighting { pattern, ref about, who, at_ms, quota: Quota { max, window }, withdrawn } = sighting;
        let (second, window) = (at_ms / 1000, window.as_secs().max(1));
        // Strangers of this window and the one before it, and networks of the last one.
        let (set, most, since, kept) = match pattern {
            Pattern::Spraying => (OfReference::Strangers, STRANGERS, (second / window).saturating_sub(1) * window, 2),
            Pattern::Guessing => (OfReference::Guessers, GUESSERS, second.saturating_sub(window), 1),
        };
        let kept_ms = kept * window * 1000;
        let bucket = Bucket::of(about);
        let keys = [set.key(about), OfReference::Person.key(about), OfBucket::Flagged.key(bucket).into_bytes()];
        let noted = [who.to_be_bytes(), (second as u32).to_be_bytes()].concat();
        let many = if withdrawn { 0 } else { max };
        let numbers = [at_ms, since, most.max(max).into(), many.into(), kept_ms, at_ms + kept_ms];
        let numbers = numbers.map(|number| number.to_string());
        let flag = pattern.flag(about);
        let args: Vec<&[u8]> = [&noted[..], &flag].into_iter().chain(numbers.iter().map(String::as_bytes)).collect();
        Ok(self.call(Lane::Export, &RISK_PATTERN, bucket, &keys, &args).await?.int()? == 1)
    }

    /// All that is flagged at `now_ms`, but for what is of a wrong type.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn flagged(&self, now_ms: u64) -> Result<HashSet<Flag>, StoreError> {
        self.usable(NAME)?;
        let asking = Bucket::all()
            .map(|bucket| Command::new(bucket, "ZRANGEBYSCORE", OfBucket::Flagged.key(bucket)).arg(now_ms).arg("+inf"));
        let mut flagged = HashSet::new();
        for read in self.commands::<Vec<Vec<u8>>>(Lane::Background, NAME, asking.collect()).await {
            match read {
                Ok(flags) => flagged.extend(flags.into_iter().filter_map(|flag| Flag::try_from(flag).ok())),
                Err(error) if error.is_unreadable() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(flagged)
    }
}
