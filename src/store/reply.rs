//! Answers of functions: flat arrays of integers and byte strings, read in order; those of the functions that decide are one
//! [`Packed`] string.

use std::sync::Arc;

use redis::Value;

use super::{
    StoreError,
    connection::Primary,
    failover::ReplicationInfo,
    packed::{Limit, Packed},
};
use crate::policy::Outcome;

/// Where an answer came from.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The server.
    pub(super) primary: Arc<Primary>,
    /// Whose data it had.
    pub(super) replication: Arc<ReplicationInfo>,
}

/// An answer that is being read.
#[derive(Debug)]
pub struct Reply {
    function: &'static str,
    from: Option<Source>,
    items: std::vec::IntoIter<Value>,
}

impl Reply {
    /// Begins to read.
    ///
    /// # Errors
    /// [`StoreError::Unexpected`] if the answer is neither a list nor one of its items, as for all readings below where an item
    /// does not fit.
    pub fn new(function: &'static str, value: Value) -> Result<Self, StoreError> {
        match value {
            Value::Array(items) => Ok(Self { function, from: None, items: items.into_iter() }),
            one @ (Value::BulkString(_) | Value::Int(_)) => {
                Ok(Self { function, from: None, items: vec![one].into_iter() })
            }
            _ => Err(StoreError::Unexpected(function)),
        }
    }

    /// The same, with where it came from.
    pub(super) fn from(self, source: Option<Source>) -> Self {
        Self { from: source, ..self }
    }

    /// Where it came from.
    ///
    /// # Errors
    /// [`StoreError::Unexpected`] if that was not said.
    pub(super) fn source(&self) -> Result<Source, StoreError> {
        self.from.clone().ok_or(StoreError::Unexpected(self.function))
    }

    /// Whether the next item is a string.
    pub fn is_packed(&self) -> bool {
        matches!(self.items.as_slice(), [Value::BulkString(_), ..])
    }

    /// The next item, a packed answer.
    pub fn packed(&mut self) -> Result<Packed, StoreError> {
        Ok(Packed::new(self.function, self.bytes()?))
    }

    /// An answer that makes no sense.
    pub const fn unexpected(&self) -> StoreError {
        StoreError::Unexpected(self.function)
    }

    /// The next item, an integer.
    pub fn int(&mut self) -> Result<i64, StoreError> {
        match self.items.next() {
            Some(Value::Int(number)) => Ok(number),
            _ => Err(StoreError::Unexpected(self.function)),
        }
    }

    /// The next item, an integer that is never negative.
    pub fn natural(&mut self) -> Result<u64, StoreError> {
        u64::try_from(self.int()?).map_err(|_| StoreError::Unexpected(self.function))
    }

    /// The next item, what is left of a limit: `None` where it is off (-1).
    pub fn left(&mut self) -> Result<Option<u32>, StoreError> {
        Ok(u32::try_from(self.int()?).ok())
    }

    /// The next two items, a limit.
    pub(super) fn limit(&mut self) -> Result<Limit, StoreError> {
        Ok(Limit { left: self.left()?, reset_ms: self.natural()? })
    }

    /// The next item, a small number; larger ones are cut off at the type's end.
    pub fn small<T: TryFrom<i64>>(&mut self, end: T) -> Result<T, StoreError> {
        let number = self.int()?;
        Ok(T::try_from(number).unwrap_or(end))
    }

    /// The next item, an outcome.
    pub fn outcome(&mut self) -> Result<Outcome, StoreError> {
        Outcome::from_number(self.int()?).ok_or(StoreError::Unexpected(self.function))
    }

    /// The next item, bytes.
    pub fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.items.next() {
            Some(Value::BulkString(bytes)) => Ok(bytes),
            _ => Err(StoreError::Unexpected(self.function)),
        }
    }
}
