//! Which verification a call means, as scripts take it.

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

    /// The keys that scripts about one verification take.
    pub(super) fn keys(&self) -> Vec<Vec<u8>> {
        of_subject(&self.subject)
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

/// Record, epoch, events, locked, disabled, history: in this order everywhere.
pub(super) fn of_subject(subject: &Reference) -> Vec<Vec<u8>> {
    let mut keys = of_bucket(subject);
    keys.push(OfReference::History.key(subject));
    keys
}

/// The same without the history.
pub(super) fn of_bucket(subject: &Reference) -> Vec<Vec<u8>> {
    let bucket = Bucket::of(subject);
    let mut keys = Vec::with_capacity(9);
    keys.push(OfReference::Subject.key(subject));
    let of_bucket = [OfBucket::Epoch, OfBucket::Events, OfBucket::Locked, OfBucket::Disabled];
    keys.extend(of_bucket.map(|kind| kind.key(bucket).into_bytes()));
    keys
}
