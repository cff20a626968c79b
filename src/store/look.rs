//! `look` of `lua/note.lua` from this side.

use super::{Bucket, Store, StoreError, function, target::of_subject};
use crate::{audit::event::Kind, secret::Reference};

impl Store {
    /// Records that an operator looked at something that is about `subject`, or about nobody in particular.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was recorded is unknown.
    pub async fn record_look(&self, subject: &Reference, kind: Kind, context: &[u8]) -> Result<(), StoreError> {
        let keys = of_subject(subject);
        let kind = (kind as u8).to_string();
        let keys = keys.get(..3).unwrap_or(&keys);
        self.act(&function::LOOK, Bucket::of(subject), keys, &[kind.as_bytes(), context]).await.map(drop)
    }
}
