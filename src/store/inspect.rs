//! Tells an operator all that is held of a subject (`inspect` of `lua/status.lua`).

use super::{
    Store, StoreError,
    call_keys::{About, CallKeys},
    functions,
    message::HeldMessage,
    network::Charge,
    packed::Limit,
    status::Standing,
};
use crate::{
    policy::Outcome,
    secret::{Generation, Reference},
};

/// All that is held of a subject. Times in ms since 1970, 0 = never; waits in ms, 0 = none.
#[derive(Debug)]
pub struct Inspected {
    /// How it stands, over all purposes.
    pub standing: Standing,
    /// Its lock, running or not forgotten yet.
    pub lock: Option<Lock>,
    /// When it was disabled.
    pub disabled_since: u64,
    /// Wrong codes in a row, which count towards the hard stop.
    pub in_a_row: u32,
    /// The last failure.
    pub last_failure: u64,
    /// Wait until the quota of sends allows one.
    pub quota_wait: u64,
    /// Wait until the pause is over.
    pub pause: u64,
    /// Sends of the client's network, off where it was not asked.
    pub network_sends: Limit,
    /// Failures of the client's network.
    pub network_failures: Limit,
    /// Checks whose codes are being compared.
    pub comparing: u32,
    /// What is held for each purpose.
    pub purposes: Vec<OfPurpose>,
}

/// A lock.
#[derive(Debug, Clone, Copy)]
pub struct Lock {
    /// Whether an operator began it.
    pub by_hand: bool,
    /// When it began.
    pub since: u64,
    /// When it ends or ended.
    pub until: u64,
    /// Failures that led to it.
    pub failures: u32,
}

/// The name under which a full record folds purposes together (`lua/lib/purposes.lua`).
pub const FOLDED: &str = "*";

/// What is held for one purpose.
#[derive(Debug)]
pub struct OfPurpose {
    /// Its name, or [`FOLDED`].
    pub name: String,
    /// Wrong codes that count.
    pub failures: u32,
    /// Failures of the app's own checks that count.
    pub guard_failures: u32,
    /// Wrong codes in a row.
    pub in_a_row: u32,
    /// Whether its sends are counted apart.
    pub own_budget: bool,
    /// Its last code: how it stands, and when it expires.
    pub code: Option<(Outcome, u64)>,
    /// Whether that code reached its user; `None` where nobody said.
    pub delivered: Option<bool>,
    /// Whether the user did not ask for it.
    pub reported: bool,
    /// Which issue that code is.
    pub generation: Option<Generation>,
    /// The message that carries it, where one does.
    pub message: Option<HeldMessage>,
}

impl Store {
    /// Looks at a subject, and at a network if there is one; changes nothing.
    pub async fn inspect(
        &self,
        subject: &Reference,
        purpose: &str,
        network: Option<&Reference>,
    ) -> Result<Inspected, StoreError> {
        let keys = CallKeys { network: network.copied(), ..CallKeys::default() };
        let remote = self.charge(subject, keys.network, Charge::None).await?;
        let about = About { purpose, ..About::by_hand(subject, b"").with(&keys, &remote) };
        let mut reply = self.about(&functions::INSPECT, &about, &[]).await?;
        let standing = Standing::read(&mut reply)?;
        let (reason, since, until) = (reply.int()?, reply.natural()?, reply.natural()?);
        let failures = reply.small(u32::MAX)?;
        let lock = (until > 0).then_some(Lock { by_hand: reason == 2, since, until, failures });
        let mut inspected = Inspected {
            standing,
            lock,
            disabled_since: reply.natural()?,
            in_a_row: reply.small(u32::MAX)?,
            last_failure: reply.natural()?,
            quota_wait: reply.natural()?,
            pause: reply.natural()?,
            network_sends: reply.limit()?,
            network_failures: reply.limit()?,
            comparing: reply.small(u32::MAX)?,
            purposes: Vec::new(),
        };
        for _ in 0..reply.small(u8::MAX)? {
            let name = String::from_utf8(reply.bytes()?).map_err(|_| reply.unexpected())?;
            let (failures, guard_failures) = (reply.small(u32::MAX)?, reply.small(u32::MAX)?);
            let (in_a_row, own_budget) = (reply.small(u32::MAX)?, reply.int()? == 1);
            let (state, expires, marks) = (reply.int()?, reply.natural()?, reply.int()?);
            inspected.purposes.push(OfPurpose {
                name,
                failures,
                guard_failures,
                in_a_row,
                own_budget,
                code: Outcome::from_number(state).map(|state| (state, expires)),
                delivered: [None, Some(true), Some(false)].into_iter().nth((marks % 4) as usize).flatten(),
                reported: marks & 4 > 0,
                message: HeldMessage::read(reply.bytes()?),
                generation: reply.bytes()?.try_into().ok().map(Generation),
            });
        }
        Ok(inspected)
    }
}
