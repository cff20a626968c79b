//! What is learned of sign-ins (`lua/risk.lua`): profiles, what users share, and what was flagged.

use std::{collections::HashSet, time::Duration};

use redis::Value;

use super::{
    Store, StoreError,
    call::Command,
    connection::Lane,
    functions::{RISK_PATTERN, RISK_PROFILE, RISK_TABLE},
    key::{OfBucket, OfReference},
};
use crate::{
    event::Bucket,
    risk::{
        state::Flag,
        table::{Learned, Table},
    },
    secret::Reference,
};

/// The label of plain reads in metrics.
const NAME: &str = "risk";
/// How long a table is kept after somebody added to it.
const TABLE: Duration = Duration::from_secs(90 * 86_400);
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

/// Somebody who does what many others must not do at the same place.
#[derive(Debug)]
pub struct Sighting {
    /// The network or subject that it is about.
    pub about: Reference,
    /// Where it is noted.
    pub set: OfReference,
    /// Which window since 1970, where windows are counted.
    pub window: Option<u64>,
    /// Who.
    pub who: u32,
    /// How many are too many, and how many are noted at most.
    pub many: u32,
    /// See above.
    pub most: u32,
    /// How long they are noted.
    pub kept: Duration,
    /// What is flagged.
    pub flag: Flag,
    /// Until when, ms since 1970.
    pub until_ms: u64,
}

impl Store {
    /// The profile of one user, beside a call that is under way on the same connection.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn profile(&self, subject: &Reference) -> Result<Option<Vec<u8>>, StoreError> {
        let asking = Command::new(Bucket::of(subject), "GET", OfReference::Profile.key(subject));
        self.command(Lane::Interactive, NAME, asking).await
    }

    /// Writes what was learned of a user; answers whether it was: not where somebody else did, or the user was erased.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was written is unknown.
    pub async fn learn(&self, lesson: &Lesson, memory: Duration) -> Result<bool, StoreError> {
        let keys = [OfReference::Profile, OfReference::Person].map(|kind| kind.key(&lesson.subject));
        let (at, kept) = (lesson.at_ms.to_string(), memory.as_millis().to_string());
        let args: [&[u8]; 4] = [&lesson.before, &lesson.after, at.as_bytes(), kept.as_bytes()];
        Ok(self.call(Lane::Export, &RISK_PROFILE, Bucket::of(&lesson.subject), &keys, &args).await?.int()? == 1)
    }

    /// Adds to what a tenant's users share.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was added is unknown.
    pub async fn share(&self, tenant: &Reference, learned: &Learned, now_ms: u64) -> Result<(), StoreError> {
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
        let asking = Command::new(Bucket::of(tenant), "GET", OfReference::Shared.key(tenant));
        let read: Vec<Option<Vec<u8>>> = self.read(NAME, vec![asking]).await?;
        let read = read.into_iter().next().flatten();
        Ok(read.and_then(|bytes| Table::read(&bytes)).unwrap_or_default())
    }

    /// Notes a sighting; answers whether they are too many from now on.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was noted is unknown.
    pub async fn sight(&self, sighting: &Sighting) -> Result<bool, StoreError> {
        let bucket = Bucket::of(&sighting.about);
        let of = |window: Option<u64>| {
            let mut key = sighting.set.key(&sighting.about);
            key.extend(window.iter().flat_map(|window| window.to_string().into_bytes()));
            key
        };
        let before = sighting.window.map(|window| window.saturating_sub(1));
        let keys = [of(sighting.window), of(before), OfBucket::Flagged.key(bucket).into_bytes()];
        let numbers = [sighting.most.into(), sighting.kept.as_millis() as u64, sighting.many.into(), sighting.until_ms];
        let [most, kept, many, until] = numbers.map(|number| number.to_string());
        let who = sighting.who.to_be_bytes();
        let args = [&who[..], most.as_bytes(), kept.as_bytes(), many.as_bytes(), &sighting.flag, until.as_bytes()];
        Ok(self.call(Lane::Export, &RISK_PATTERN, bucket, &keys, &args).await?.int()? == 1)
    }

    /// All that is flagged at `now_ms`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn flagged(&self, now_ms: u64) -> Result<HashSet<Flag>, StoreError> {
        let asking = Bucket::all()
            .map(|bucket| Command::new(bucket, "ZRANGEBYSCORE", OfBucket::Flagged.key(bucket)).arg(now_ms).arg("+inf"));
        let read: Vec<Vec<Vec<u8>>> = self.read(NAME, asking.collect()).await?;
        Ok(read.into_iter().flatten().filter_map(|flag| flag.try_into().ok()).collect())
    }

    /// Takes a flag away.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unflag(&self, about: &Reference, flag: &Flag) -> Result<(), StoreError> {
        let bucket = Bucket::of(about);
        let removing = Command::new(bucket, "ZREM", OfBucket::Flagged.key(bucket)).arg(flag);
        self.read::<Value>(NAME, vec![removing]).await.map(drop)
    }
}
