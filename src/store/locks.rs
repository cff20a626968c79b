//! Lists who is locked or disabled, page by page, out of the buckets' indexes (`lua/locks.lua`).

use futures_util::{StreamExt as _, stream};

use super::{Store, StoreError, connection::Lane, functions::LOCKS, key::OfBucket, reply::Reply};
use crate::{event::Bucket, secret::Reference};

/// Most subjects that are read in one function: so many keep Redis for some 2 ms.
const PIECE: usize = 100;
/// Buckets of a cluster that are asked at once.
const AT_ONCE: usize = 8;

/// A subject that is stopped, and where it stands in the list.
#[derive(Debug, Clone, Copy)]
pub struct Stopped {
    /// Who.
    pub subject: Reference,
    /// Since when, ms since 1970.
    pub since: u64,
    /// When its lock ends, ms since 1970; `None` where only an operator ends it.
    pub until: Option<u64>,
    /// Level of its lock.
    pub level: u8,
    /// Whether an operator locked it.
    pub by_hand: bool,
    /// Whether its record cannot be read, so that nothing more is known.
    pub unreadable: bool,
    /// Failures that led to it; of a disabled subject its wrong codes in a row.
    pub failures: u32,
    /// Where it stands.
    pub place: Place,
}

/// A place in the list of all stopped subjects: bucket by bucket, first the locked ones by the end of their locks, then
/// the disabled ones by when they were. One whose lock is put off while the list is read may come twice, none is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    bucket: u8,
    disabled: bool,
    score: u64,
    /// `None` stands before all of this score.
    subject: Option<Reference>,
}

impl Place {
    /// As 24 bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let [_, _, score @ ..] = self.score.to_be_bytes();
        let subject = self.subject.unwrap_or(Reference([0; 16]));
        [&[self.bucket, u8::from(self.disabled)][..], &score, &subject.0].concat()
    }

    /// Reads [`Place::bytes`]; `None` for anything else.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (&[bucket, disabled, a, b, c, d, e, f], subject) = bytes.split_first_chunk::<8>()?;
        let fits = bucket < 64 && disabled < 2;
        let score = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        let subject = Some(Reference(subject.try_into().ok()?));
        fits.then_some(Self { bucket, disabled: disabled == 1, score, subject })
    }

    fn first_of(bucket: Bucket, disabled: bool) -> Self {
        Self { bucket: bucket.number(), disabled, score: 0, subject: None }
    }

    /// The index that it is in.
    fn key(&self) -> Option<String> {
        let kind = if self.disabled { OfBucket::Disabled } else { OfBucket::Locked };
        Some(kind.key(Bucket::of_number(self.bucket)?))
    }
}

impl Store {
    /// The `most` next stopped subjects behind `from`, and whether there are more.
    pub async fn locks(&self, from: Option<Place>, most: usize) -> Result<(Vec<Stopped>, bool), StoreError> {
        self.usable(LOCKS.name)?;
        let all = Bucket::all().flat_map(|bucket| [false, true].map(|disabled| Place::first_of(bucket, disabled)));
        let passed = from.map_or((0, false), |from| (from.bucket, from.disabled));
        let mut places: Vec<Place> = all.filter(|place| (place.bucket, place.disabled) >= passed).collect();
        from.into_iter().zip(places.first_mut()).for_each(|(from, first)| *first = from);
        // Those of one server are asked for in one call.
        let one = !self.topology.clustered();
        let groups = places.chunk_by(|a, b| one || a.bucket == b.bucket);
        let asking: Vec<_> = groups.map(|some| self.locks_of(some, most + 1)).collect();
        let (mut found, mut answers) = (Vec::new(), stream::iter(asking).buffered(AT_ONCE));
        while let Some(some) = answers.next().await {
            found.extend(some?);
            // One more than asked for, to know whether there is one.
            if found.len() > most {
                found.truncate(most);
                return Ok((found, true));
            }
        }
        Ok((found, false))
    }

    /// The `most` next ones from the first of these places on, in the indexes of all of them, piece by piece.
    async fn locks_of(&self, mut places: &[Place], most: usize) -> Result<Vec<Stopped>, StoreError> {
        let mut found = Vec::new();
        let mut from = places.first().copied();
        while let Some(first) = from.filter(|_| found.len() < most) {
            let piece = PIECE.min(most - found.len());
            let (some, last) = self.locks_piece(first, places, piece).await?;
            found.extend(some);
            places = last.and_then(|(index, _)| places.get(index..)).unwrap_or_default();
            from = last.map(|(_, place)| place);
        }
        Ok(found)
    }

    /// Those behind `from`, which is in the first of these indexes, among the next `most` places; and the last of these with the
    /// number of its index, if there may be more.
    async fn locks_piece(
        &self,
        from: Place,
        indexes: &[Place],
        most: usize,
    ) -> Result<(Vec<Stopped>, Option<(usize, Place)>), StoreError> {
        let unexpected = || StoreError::Unexpected(LOCKS.name);
        let bucket = Bucket::of_number(from.bucket).ok_or_else(unexpected)?;
        let keys: Option<Vec<_>> = indexes.iter().map(|index| Some(index.key()?.into_bytes())).collect();
        let member = from.subject.map(|subject| subject.0.to_vec()).unwrap_or_default();
        let args = [from.score.to_string().into_bytes(), member, most.to_string().into_bytes()];
        let args = args.each_ref().map(Vec::as_slice);
        let mut reply = self.call(Lane::Background, &LOCKS, bucket, &keys.ok_or_else(unexpected)?, &args).await?;
        let (looked, last): (usize, usize) = (reply.small(usize::MAX)?, reply.small(usize::MAX)?);
        let (score, member) = (reply.bytes()?, reply.bytes()?);
        let mut stopped = Vec::new();
        while let Ok(index) = reply.small(usize::MAX) {
            stopped.push(read(&mut reply, *indexes.get(index).ok_or_else(unexpected)?)?);
        }
        let place = || {
            let score = std::str::from_utf8(&score).ok()?.parse().ok()?;
            let subject = Some(Reference(member.as_slice().try_into().ok()?));
            Some((last, Place { score, subject, ..*indexes.get(last)? }))
        };
        let more = (looked >= most).then(|| place().ok_or_else(unexpected));
        Ok((stopped, more.transpose()?))
    }
}

/// Reads one that is in this index.
fn read(reply: &mut Reply, index: Place) -> Result<Stopped, StoreError> {
    /// `lock_reason` in `src/store/record.rs`.
    const BY_HAND: u8 = 2;
    const UNREADABLE: u8 = 3;
    let subject = Reference(reply.bytes()?.as_slice().try_into().map_err(|_| reply.unexpected())?);
    let (score, since, until) = (reply.natural()?, reply.natural()?, reply.natural()?);
    let (level, reason) = (reply.small(u8::MAX)?, reply.small(u8::MAX)?);
    Ok(Stopped {
        subject,
        since,
        until: (!index.disabled).then_some(until),
        level,
        by_hand: reason == BY_HAND,
        unreadable: reason == UNREADABLE,
        failures: reply.small(u32::MAX)?,
        place: Place { score, subject: Some(subject), ..index },
    })
}
