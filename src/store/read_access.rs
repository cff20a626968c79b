//! Records that an operator read something (`look` of `lua/note.lua`).

use super::{Store, StoreError, connection::Lane, functions, key::OfReference};
use crate::{
    event::{Bucket, Kind},
    secret::Reference,
};

impl Store {
    /// Records that an operator looked at something that is about `subject`, or about nobody in particular.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was recorded is unknown.
    pub async fn record_read_access(&self, subject: &Reference, kind: Kind, context: &[u8]) -> Result<(), StoreError> {
        let (keys, kind) = ([OfReference::Subject.key(subject)], (kind as u8).to_string());
        self.usable(functions::LOOK.name)?;
        let args = [kind.as_bytes(), context];
        self.call(Lane::Background, &functions::LOOK, Bucket::of(subject), &keys, &args).await.map(drop)
    }
}
