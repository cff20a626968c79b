//! Which verification a call means, as functions take it.

use super::{
    Bucket,
    key::{OfBucket, OfReference},
};
use crate::secret::{Generation, PurposeTag, Reference, Spelling};

/// See the module.
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
    /// The bucket of whose it is.
    pub(super) fn bucket(&self) -> Bucket {
        Bucket::of(&self.subject)
    }

    /// The keys that functions about one verification take.
    pub(super) fn keys(&self) -> Vec<Vec<u8>> {
        of_subject(&self.subject)
    }

    /// Spelling, when the id is forgotten and, where an id was given, generation (`lua/lib/check.lua`).
    pub(super) fn packed(&self) -> Vec<u8> {
        let mut packed = Vec::with_capacity(26);
        packed.extend_from_slice(&self.spelling.0);
        let [_, _, forgotten @ ..] = self.issue.map_or(0, |(_, at)| at).to_be_bytes();
        packed.extend_from_slice(&forgotten);
        if let Some((generation, _)) = &self.issue {
            packed.extend_from_slice(&generation.0);
        }
        packed
    }
}

/// The keys of a subject, in the order in which every function about one takes them: its record, epoch, events, locked, disabled,
/// its history. By flags, the client's network and a remembered answer follow ([`super::extra`]).
pub(super) fn of_subject(subject: &Reference) -> Vec<Vec<u8>> {
    let bucket = Bucket::of(subject);
    let mut keys = Vec::with_capacity(9);
    keys.push(OfReference::Subject.key(subject));
    let of_bucket = [OfBucket::Epoch, OfBucket::Events, OfBucket::Locked, OfBucket::Disabled];
    keys.extend(of_bucket.map(|kind| kind.key(bucket).into_bytes()));
    keys.push(OfReference::History.key(subject));
    keys
}
