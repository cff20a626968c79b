//! Answers of the functions that decide: one string, whose layout stands beside the function in `lua/lib/` that packs it.

use super::StoreError;
use crate::policy::Outcome;

/// How a limit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many are left, `None` where it is off.
    pub left: Option<u32>,
    /// ms until more are, or until one is.
    pub reset_ms: u64,
}

impl Limit {
    /// The same, so many ms later.
    #[must_use]
    pub fn with_age(self, ms: u64) -> Self {
        Self { reset_ms: self.reset_ms.saturating_sub(ms), ..self }
    }
}

/// The lock that runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lock {
    /// When it ends, ms since 1970; 0 where none runs.
    pub until: u64,
    /// Which in a row it is.
    pub level: u8,
}

/// A packed answer that is being read. Integers are big-endian.
#[derive(Debug)]
pub struct Packed {
    function: &'static str,
    bytes: Vec<u8>,
    read: usize,
}

impl Packed {
    /// Begins to read.
    pub const fn new(function: &'static str, bytes: Vec<u8>) -> Self {
        Self { function, bytes, read: 0 }
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// [`StoreError::Unexpected`] where so many are not left, as for all readings below.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let rest = self.bytes.get(self.read..).unwrap_or_default();
        let taken = rest.first_chunk().ok_or(StoreError::Unexpected(self.function))?;
        self.read += N;
        Ok(*taken)
    }

    /// An outcome.
    ///
    /// # Errors
    /// See [`Packed::take`]; also for a number that stands for none.
    pub fn outcome(&mut self) -> Result<Outcome, StoreError> {
        Outcome::from_number(self.u8()?).ok_or(StoreError::Unexpected(self.function))
    }

    /// A byte.
    pub fn u8(&mut self) -> Result<u8, StoreError> {
        self.take().map(u8::from_be_bytes)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16, StoreError> {
        self.take().map(u16::from_be_bytes)
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32, StoreError> {
        self.take().map(u32::from_be_bytes)
    }

    /// Six bytes: a time, or how long something lasts, in ms.
    pub fn u48(&mut self) -> Result<u64, StoreError> {
        self.take().map(|[a, b, c, d, e, f]| u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
    }

    /// Six bytes, what is left of a limit: `None` where it is off (-1).
    pub fn left(&mut self) -> Result<Option<u32>, StoreError> {
        self.u48().map(|left| u32::try_from(left).ok())
    }

    /// A limit: what is left, and six bytes until when.
    pub(super) fn limit(&mut self) -> Result<Limit, StoreError> {
        Ok(Limit { left: self.left()?, reset_ms: self.u48()? })
    }

    /// A lock: six bytes when it ends, and its level.
    pub(super) fn lock(&mut self) -> Result<Lock, StoreError> {
        Ok(Lock { until: self.u48()?, level: self.u8()? })
    }

    /// The next `n` bytes.
    pub fn bytes(&mut self, n: usize) -> Result<Vec<u8>, StoreError> {
        let taken =
            self.bytes.get(self.read..).and_then(|rest| rest.get(..n)).ok_or(StoreError::Unexpected(self.function))?;
        self.read += n;
        Ok(taken.to_vec())
    }

    /// What follows.
    pub fn rest(self) -> Vec<u8> {
        self.bytes.get(self.read..).unwrap_or_default().to_vec()
    }
}
