//! Looks at a subject (`lua/status.lua`).

use super::{Store, StoreError, call_keys::About, functions, reply::Reply};
use crate::secret::Reference;

/// A subject as it stands. Times in ms since 1970, 0 = never.
#[derive(Debug)]
pub struct Standing {
    /// Redis's clock.
    pub now: u64,
    /// Stopped until an operator acts.
    pub disabled: bool,
    /// When the running lock ends, 0 = none.
    pub locked_until: u64,
    /// Which lock in a row.
    pub lock_level: u8,
    /// ms until a send may pass.
    pub wait: u64,
    /// Sends in the last hour, over all purposes.
    pub sends_last_hour: u64,
    /// Sends left, `None` = no quota.
    pub sends_left: Option<u32>,
    /// Failures that count.
    pub failures: u32,
    /// Failures left before a lock.
    pub attempts_left: u32,
    /// The last send.
    pub last_send: u64,
    /// The last code that was compared.
    pub last_attempt: u64,
    /// Codes that could be checked now.
    pub pending: u32,
}

impl Store {
    /// Looks at a subject; changes nothing.
    pub async fn status(&self, subject: &Reference, purpose: &str) -> Result<Standing, StoreError> {
        Standing::read(&mut self.about(&functions::STATUS, &About::new(subject, purpose, b""), &[]).await?)
    }
}

impl Standing {
    /// As `standing` of `lua/status.lua` answers it.
    pub(super) fn read(reply: &mut Reply) -> Result<Self, StoreError> {
        Ok(Self {
            now: reply.natural()?,
            disabled: reply.int()? == 1,
            locked_until: reply.natural()?,
            lock_level: reply.small(u8::MAX)?,
            wait: reply.int()?.try_into().unwrap_or(0),
            sends_last_hour: reply.natural()?,
            sends_left: reply.left()?,
            failures: reply.small(u32::MAX)?,
            attempts_left: reply.small(u32::MAX)?,
            last_send: reply.natural()?,
            last_attempt: reply.natural()?,
            pending: reply.small(u32::MAX)?,
        })
    }
}
