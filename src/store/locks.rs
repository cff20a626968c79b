//! Lists who is locked or disabled, page by page, out of the buckets' indexes (`lua/locks.lua`).

use futures_util::future::join_all;

use super::{Store, StoreError, connection::Lane, functions, key::OfBucket, reply::Reply};
use crate::{event::Bucket, secret::Reference};

/// Most subjects that are read in one function: so many keep Redis for some 2 ms.
const PIECE: usize = 100;

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
}

impl Store {
    /// The `most` next stopped subjects behind `from`, and whether there are more.
    pub async fn locks(&self, from: Option<Place>, most: usize) -> Result<(Vec<Stopped>, bool), StoreError> {
        let mut found = Vec::new();
        for index in self.indexes(from).await? {
            let mut place = from.filter(|from| (from.bucket, from.disabled) == (index.bucket, index.disabled));
            loop {
                // One more than asked for, to know whether there is one.
                let piece = PIECE.min(most + 1 - found.len());
                let (stopped, last) = self.locks_piece(place.unwrap_or(index), piece).await?;
                found.extend(stopped);
                if found.len() > most {
                    found.truncate(most);
                    return Ok((found, true));
                }
                if last.is_none() {
                    break;
                }
                place = last;
            }
        }
        Ok((found, false))
    }

    /// The beginnings of the indexes that are not empty, from that of `from` on.
    async fn indexes(&self, from: Option<Place>) -> Result<Vec<Place>, StoreError> {
        let all = Bucket::all().flat_map(|bucket| [false, true].map(|disabled| Place::first_of(bucket, disabled)));
        let passed = from.map_or((0, false), |from| (from.bucket, from.disabled));
        let left: Vec<Place> = all.filter(|place| (place.bucket, place.disabled) >= passed).collect();
        self.usable(functions::LOCKS.name)?;
        // Those of one server are asked for in one call.
        let together = if self.topology.clustered() { 2 } else { usize::MAX };
        let sizes = join_all(left.chunks(together).map(|some| async move {
            let places: Vec<_> =
                some.iter().filter_map(|place| Some((Bucket::of_number(place.bucket)?, *place))).collect();
            let Some(&(bucket, _)) = places.first() else { return Ok(Vec::new()) };
            let keys: Vec<_> =
                places.iter().map(|(bucket, place)| index(*bucket, place.disabled).into_bytes()).collect();
            let mut reply = self.call(Lane::Background, &functions::SIZES, bucket, &keys, &[]).await?;
            places.iter().map(|(_, place)| Ok((*place, reply.int()?))).collect::<Result<Vec<_>, StoreError>>()
        }));
        let sizes = sizes.await.into_iter().collect::<Result<Vec<_>, _>>()?;
        // An index that is none has nobody in it, and keeps nobody from the others.
        Ok(sizes.into_iter().flatten().filter(|(_, size)| *size > 0).map(|(place, _)| place).collect())
    }

    /// Those behind `from` in its index among the next `most` places, and the last of these if there may be more.
    async fn locks_piece(&self, from: Place, most: usize) -> Result<(Vec<Stopped>, Option<Place>), StoreError> {
        let bucket = Bucket::of_number(from.bucket).ok_or(StoreError::Unexpected(functions::LOCKS.name))?;
        let (kind, score) = (if from.disabled { b"2" } else { b"1" }, from.score.to_string());
        let member = from.subject.map(|subject| subject.0.to_vec()).unwrap_or_default();
        let args: [&[u8]; 4] = [kind, score.as_bytes(), &member, &most.to_string().into_bytes()];
        let keys = [index(bucket, from.disabled).into_bytes()];
        self.usable(functions::LOCKS.name)?;
        let mut reply = self.call(Lane::Background, &functions::LOCKS, bucket, &keys, &args).await?;
        let looked: usize = reply.small(usize::MAX)?;
        let (score, member) = (reply.bytes()?, reply.bytes()?);
        let mut stopped = Vec::new();
        while let Ok(subject) = reply.bytes() {
            stopped.push(read(&mut reply, &subject, from)?);
        }
        let last = || {
            let score = std::str::from_utf8(&score).ok()?.parse().ok()?;
            Some(Place { score, subject: Some(Reference(member.as_slice().try_into().ok()?)), ..from })
        };
        if looked < most {
            return Ok((stopped, None));
        }
        Ok((stopped, Some(last().ok_or(StoreError::Unexpected(functions::LOCKS.name))?)))
    }
}

fn read(reply: &mut Reply, subject: &[u8], from: Place) -> Result<Stopped, StoreError> {
    /// `lock_reason` in `src/store/record.rs`.
    const BY_HAND: u8 = 2;
    const UNREADABLE: u8 = 3;
    let subject = Reference(subject.try_into().map_err(|_| reply.unexpected())?);
    let (score, since, until) = (reply.natural()?, reply.natural()?, reply.natural()?);
    let (level, reason) = (reply.small(u8::MAX)?, reply.small(u8::MAX)?);
    Ok(Stopped {
        subject,
        since,
        until: (!from.disabled).then_some(until),
        level,
        by_hand: reason == BY_HAND,
        unreadable: reason == UNREADABLE,
        failures: reply.small(u32::MAX)?,
        place: Place { score, subject: Some(subject), ..from },
    })
}

fn index(bucket: Bucket, disabled: bool) -> String {
    if disabled { OfBucket::Disabled.key(bucket) } else { OfBucket::Locked.key(bucket) }
}
