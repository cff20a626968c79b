//! Report: the figures of a periodic review, beside those of as long a time before.

use std::{collections::BTreeMap, net::IpAddr, ops::RangeInclusive};

use serde_json::{Map, Value};

use super::{
    Operator, Service, ServiceError,
    lines::{Told, in_order},
    stats::Period,
};
use crate::{
    audit::tally::{DAY, HOUR, unhex},
    event::{Bucket, Kind},
    secret::{Name, Reference},
    store::key::{OfBucket, OfTime, REMEMBERED},
};

/// Shortest and longest period, ms: what counters tell apart, and what is kept together with as long a time before it
/// ([`crate::store::key::KEPT`]).
const LENGTHS: RangeInclusive<u64> = HOUR..=31 * DAY;
/// Lines of a bucket that are read for a review.
const READ: usize = 2 * REMEMBERED as usize;
/// Subjects and networks that are named.
const NAMED: usize = 50;
/// Acts that are listed one by one, the newest.
const ACTS: usize = 1000;

/// When the period begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So many ms ago.
    Ago(u64),
    /// Then, ms since 1970.
    Instant(u64),
}

/// A subject that was locked or disabled in the period.
#[derive(Debug)]
pub struct LockedOut {
    /// Who.
    pub reference: Reference,
    /// Whom it stands for, where that is known.
    pub name: Option<Name>,
    /// How often it was locked.
    pub lockouts: u64,
    /// Whether it was disabled.
    pub disabled: bool,
    /// The last time, ms since 1970.
    pub last: u64,
}

/// A network that was refused or failed.
#[derive(Debug)]
pub struct Busy {
    /// Which.
    pub reference: Reference,
    /// An address in it, where a lockout of the period tells one.
    pub ip: Option<IpAddr>,
    /// How often it was refused or failed; where very many do, not all of it is counted.
    pub count: u64,
}

/// See the module.
#[derive(Debug)]
pub struct Report {
    /// The period, from the beginning of an hour to now.
    pub period: Period,
    /// As long a time before it.
    pub before: Period,
    /// Who was locked or disabled, the most often first.
    pub locked_out: Vec<LockedOut>,
    /// How many subjects that would be if all were named, as far as their lines are kept.
    pub locked_out_known: usize,
    /// The networks that were refused or failed most.
    pub networks: Vec<Busy>,
    /// What operators did, the newest last, with personal fields opened.
    pub acts: Vec<Map<String, Value>>,
    /// How often operators looked at what, by actor and type.
    pub looks: BTreeMap<(String, Kind), u64>,
}

impl Service {
    /// Draws it up; `None` unless the period began between an hour and 31 days ago.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn review(&self, operator: Operator<'_>, since: Since) -> Result<Option<Report>, ServiceError> {
        let now = self.store.now().await?;
        let length = match since {
            Since::Ago(length) => length,
            Since::Instant(instant) => now.saturating_sub(instant),
        };
        if !LENGTHS.contains(&length) {
            return Ok(None);
        }
        self.look(operator, Kind::AdminReport).await?;
        self.store.settle_counters().await?;
        let period = self.period(now.saturating_sub(length), now).await?;
        let from = period.from;
        let before = self.period(from.saturating_sub(length) / HOUR * HOUR, from).await?;
        let mut lockouts = self.lines_of(OfBucket::Lockouts, (from, now)).await?;
        self.open_lines(&mut lockouts).await?;
        let mut acts = self.lines_of(OfBucket::Acts, (from, now)).await?;
        acts.retain(|act| act.text("type").is_some_and(|kind| kind.starts_with("admin.")));
        let over = acts.len().saturating_sub(ACTS);
        acts.drain(..over);
        self.open_lines(&mut acts).await?;
        let (locked_out, locked_out_known) = self.locked_out(&lockouts).await?;
        Ok(Some(Report {
            locked_out,
            locked_out_known,
            networks: self.busiest((from / DAY, now / DAY), &lockouts).await?,
            looks: self.looks((from / DAY, now / DAY)).await?,
            acts: acts.into_iter().map(|act| act.fields).collect(),
            period,
            before,
        }))
    }

    /// Events of the period, bucket by bucket so that not all of their lines are in memory at once.
    async fn lines_of(&self, kind: OfBucket, (from, until): (u64, u64)) -> Result<Vec<Told>, ServiceError> {
        let mut told = Vec::new();
        for bucket in Bucket::all() {
            let lines = self.store.newest_lines(&[(bucket, kind)], from, u64::MAX, READ).await?;
            told.extend(in_order(lines, move |told| (from..=until).contains(&told.number("time_ms"))).await?);
        }
        told.sort_by_key(|told| (told.number("time_ms"), told.identity()));
        Ok(told)
    }

    async fn locked_out(&self, lockouts: &[Told]) -> Result<(Vec<LockedOut>, usize), ServiceError> {
        let mut all: BTreeMap<Reference, LockedOut> = BTreeMap::new();
        for told in lockouts {
            let reference = told.subject;
            let new = LockedOut { reference, name: None, lockouts: 0, disabled: false, last: 0 };
            let one = all.entry(reference).or_insert(new);
            let disabled = told.text("type") == Some(Kind::Disable.label());
            one.lockouts += u64::from(!disabled);
            one.disabled |= disabled;
            one.last = one.last.max(told.number("time_ms"));
        }
        let known = all.len();
        let mut named: Vec<LockedOut> = all.into_values().collect();
        named.sort_by_key(|one| std::cmp::Reverse((one.disabled, one.lockouts, one.last)));
        named.truncate(NAMED);
        let mut names = self.names(named.iter().map(|one| one.reference)).await?;
        for one in &mut named {
            one.name = names.remove(&one.reference);
        }
        Ok((named, known))
    }

    async fn busiest(&self, (first, last): (u64, u64), lockouts: &[Told]) -> Result<Vec<Busy>, ServiceError> {
        let mut counts: BTreeMap<Reference, u64> = BTreeMap::new();
        for day in first..=last {
            for (network, count) in self.store.networks(day).await? {
                *counts.entry(network).or_default() += count;
            }
        }
        let address = |told: &Told| {
            let network = Reference(told.text("ip_ref").and_then(unhex)?);
            let ip = told.fields.get("who")?.get("ip")?.as_str()?.parse().ok()?;
            Some((network, ip))
        };
        let addresses: BTreeMap<Reference, IpAddr> = lockouts.iter().filter_map(address).collect();
        let busy = |(reference, count)| Busy { reference, ip: addresses.get(&reference).copied(), count };
        let mut busiest: Vec<Busy> = counts.into_iter().map(busy).collect();
        busiest.sort_by_key(|busy| std::cmp::Reverse(busy.count));
        busiest.truncate(NAMED);
        Ok(busiest)
    }

    async fn looks(&self, (first, last): (u64, u64)) -> Result<BTreeMap<(String, Kind), u64>, ServiceError> {
        let mut looks = BTreeMap::new();
        for day in first..=last {
            for (field, count) in self.store.counted(OfTime::Looks, day).await? {
                let Some((&kind, actor)) = field.split_last() else { continue };
                let (Some(kind), Some(actor)) = (Kind::from_number(kind), actor.strip_suffix(&[0])) else { continue };
                let actor = String::from_utf8_lossy(actor).into_owned();
                *looks.entry((actor, kind)).or_default() += u64::try_from(count).unwrap_or(0);
            }
        }
        Ok(looks)
    }
}
