//! The verification that a call means, as functions take it.

use super::call_keys::About;
use crate::{
    event::Bucket,
    secret::{Generation, PurposeTag, Reference, Spelling},
};

/// A target names a verification.
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

    /// What a call about this verification is about.
    pub(super) fn about<'a>(&'a self, context: &'a [u8]) -> About<'a> {
        About::new(&self.subject, self.purpose, context)
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
