//! Where the buckets lie, as far as is known.

use std::sync::Arc;

use super::{
    StoreError,
    connect::Access,
    node::{self, Node},
    server::Place,
};
use crate::event::{BUCKETS, Bucket};

/// The primaries, and for each bucket the place of its own among them.
#[derive(Clone)]
pub(super) struct Map {
    pub(super) nodes: Vec<Arc<Node>>,
    pub(super) of: [Option<usize>; BUCKETS],
}

impl Map {
    /// The primary that holds a bucket, `None` while none is known.
    pub(super) fn of(&self, bucket: Bucket) -> Option<&Arc<Node>> {
        self.of.get(usize::from(bucket.number())).copied().flatten().and_then(|place| self.nodes.get(place))
    }

    /// The primaries that hold a bucket, each with its buckets.
    pub(super) fn holders(&self) -> Vec<(&Arc<Node>, Vec<Bucket>)> {
        let mut holders: Vec<(&Arc<Node>, Vec<Bucket>)> = Vec::new();
        for bucket in Bucket::all() {
            let Some(node) = self.of(bucket) else { continue };
            match holders.iter_mut().find(|(known, _)| Arc::ptr_eq(known, node)) {
                Some((_, buckets)) => buckets.push(bucket),
                None => holders.push((node, vec![bucket])),
            }
        }
        holders
    }

    /// Another bucket of the same primary.
    pub(super) fn spare(&self, node: &Arc<Node>, bucket: Bucket) -> Option<Bucket> {
        Bucket::all().find(|other| *other != bucket && self.of(*other).is_some_and(|held| Arc::ptr_eq(held, node)))
    }

    /// All that are known, whether they hold a bucket or not.
    pub(super) fn all(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// Where among them the one at `place` is.
    pub(super) fn at(&self, place: &Place) -> Option<usize> {
        self.nodes.iter().position(|node| node.place.as_ref() == Some(place))
    }

    /// The same, of one that may be new.
    ///
    /// # Errors
    /// [`StoreError::Unfit`] if there can be no connection to it.
    pub(super) fn add(&mut self, access: &Access, place: &Place) -> Result<usize, StoreError> {
        if let Some(known) = self.at(place) {
            return Ok(known);
        }
        self.nodes.push(node::at(access, place.clone())?);
        Ok(self.nodes.len() - 1)
    }

    /// Forgets the primaries that hold nothing.
    pub(super) fn tidy(&mut self) {
        let old = std::mem::take(&mut self.nodes);
        for of in &mut self.of {
            let Some(node) = of.and_then(|place| old.get(place)) else { continue };
            let at = self.nodes.iter().position(|known| Arc::ptr_eq(known, node));
            *of = Some(at.unwrap_or_else(|| {
                self.nodes.push(Arc::clone(node));
                self.nodes.len() - 1
            }));
        }
    }
}
