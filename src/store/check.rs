//! `lua/check.lua` from this side.

use super::{
    Bucket, Store, StoreError,
    key::{OfBucket, OfReference},
    script,
};
use crate::{
    policy::Outcome,
    secret::{Generation, PurposeTag, Reference, Spelling},
};

/// Which verification a call means.
#[derive(Debug)]
pub struct Target<'a> {
    /// Whose.
    pub subject: Reference,
    /// The purpose, for its limits.
    pub purpose: &'a str,
    /// The purpose's tag.
    pub tag: PurposeTag,
    /// For which spelling.
    pub spelling: Spelling,
    /// Which issue, and when it is forgotten (ms since 1970), where an id was given.
    pub issue: Option<(Generation, u64)>,
}

impl Target<'_> {
    /// The keys that scripts about one verification take.
    pub(super) fn keys(&self) -> Vec<Vec<u8>> {
        let bucket = Bucket::of(&self.subject);
        vec![
            OfReference::Subject.key(&self.subject),
            OfBucket::Epoch.key(bucket).into(),
            OfBucket::Events.key(bucket).into(),
            OfBucket::Locked.key(bucket).into(),
            OfBucket::Disabled.key(bucket).into(),
            OfReference::History.key(&self.subject),
        ]
    }

    /// Tag, spelling and, where an id was given, generation.
    pub(super) fn packed(&self) -> Vec<u8> {
        let mut packed = Vec::with_capacity(24);
        packed.extend_from_slice(&self.tag.0);
        packed.extend_from_slice(&self.spelling.0);
        if let Some((generation, _)) = &self.issue {
            packed.extend_from_slice(&generation.0);
        }
        packed
    }

    /// When the id is forgotten, as a decimal; 0 without an id.
    pub(super) fn forgotten(&self) -> String {
        self.issue.map_or(0, |(_, at)| at).to_string()
    }
}

/// What was decided about a code. Times in ms since 1970 unless said.
#[derive(Debug)]
pub struct Checked {
    /// The verdict.
    pub outcome: Outcome,
    /// Redis's clock.
    pub now: u64,
    /// Wrong codes left before a lock.
    pub attempts_left: u32,
    /// When the running lock ends (0: none), and which in a row it is.
    pub locked: (u64, u8),
    /// The verification that was meant, if it is in its subject's record.
    pub found: Option<Found>,
    /// ms until the failures are forgotten, 0 if there are none.
    pub reset: u64,
    /// Whether the code was compared.
    pub compared: bool,
}

/// A verification in the store.
#[derive(Debug)]
pub struct Found {
    /// Which issue.
    pub generation: Generation,
    /// Characters in its code.
    pub length: u8,
    /// When it expires.
    pub expires: u64,
    /// How long it lives, ms.
    pub lifetime: u32,
    /// The epoch it was issued in.
    pub epoch: u32,
}

impl Store {
    /// Charges, compares and settles, in one call. `length` is the code's, `shaped` whether it is the configured one;
    /// `digests` are [`crate::secret::PepperRing::candidates`].
    ///
    /// # Errors
    /// [`StoreError`]: nothing was verified that this caller may rely on.
    pub async fn check(
        &self,
        target: &Target<'_>,
        (length, shaped): (u8, bool),
        digests: &[u8],
        context: &[u8],
    ) -> Result<Checked, StoreError> {
        let forgotten = target.forgotten();
        let args: [&[u8]; 6] = [
            self.limits.of(target.purpose),
            &target.packed(),
            &[length, u8::from(shaped)],
            digests,
            context,
            forgotten.as_bytes(),
        ];
        let mut reply = self.decide(&script::CHECK, &target.keys(), &args).await?;
        Ok(Checked {
            outcome: reply.outcome()?,
            now: reply.natural()?,
            attempts_left: reply.small(u32::MAX)?,
            locked: (reply.natural()?, reply.small(u8::MAX)?),
            found: {
                let generation = reply.bytes()?;
                let (length, epoch) = (reply.small(u8::MAX)?, reply.small(u32::MAX)?);
                let (expires, lifetime) = (reply.natural()?, reply.small(u32::MAX)?);
                let found = |bytes| Found { generation: Generation(bytes), length, expires, lifetime, epoch };
                <[u8; 12]>::try_from(generation).ok().map(found)
            },
            reset: reply.natural()?,
            compared: reply.int()? == 1,
        })
    }
}
