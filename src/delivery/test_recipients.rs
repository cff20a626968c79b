//! Test recipients: addresses with a fixed code, to which nothing is sent, until a day comes.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use zeroize::Zeroizing;

/// Shown by a warning so long before they end.
const LAST_DAYS: Duration = Duration::from_secs(7 * 86_400);

/// Codes by address.
#[derive(Default)]
pub struct TestRecipients {
    codes: BTreeMap<String, Zeroizing<String>>,
    until: Option<SystemTime>,
}

impl TestRecipients {
    /// These, until then.
    pub fn new(codes: BTreeMap<String, Zeroizing<String>>, until: SystemTime) -> Self {
        Self { codes, until: Some(until) }
    }

    /// The code of this address, if it is one of them at this time.
    pub fn code(&self, to: &str, now: SystemTime) -> Option<&Zeroizing<String>> {
        self.codes.get(to).filter(|_| self.until.is_some_and(|until| now < until))
    }

    /// Whether they end within a week.
    pub fn end_soon(&self, now: SystemTime) -> bool {
        self.until.is_some_and(|until| now + LAST_DAYS >= until)
    }
}

// Neither addresses nor codes get into a log by accident.
crate::policy::opaque!(TestRecipients);
