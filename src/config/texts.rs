//! What texts have to be, and what they are read as.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

use lettre::message::Mailbox;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::{delivery::address::mail_address, policy::purpose::is_purpose, risk::geo::Allowed, secret::Reference};

/// What a code may be drawn from.
pub(super) fn is_alphabet(text: &str) -> bool {
    let different: BTreeSet<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
    (2..=64).contains(&text.len()) && different.len() == text.len()
}

/// Which log lines are written, as `tracing-subscriber` reads it. It takes a word that is no level for a target of which
/// all is written, and nothing else: `warning` would silence the log.
pub(super) fn is_filter(text: &str) -> bool {
    let is_read = |part: &str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
    text.split(',').all(is_read) && EnvFilter::try_new(text).is_ok()
}

/// The host of a page that reads codes from messages.
pub(super) fn is_host(text: &str) -> bool {
    mail_address(&format!("a@{text}")).is_some_and(|address| address.domain() == text)
}

/// Who sends, by a host that can be said to every relay.
pub(super) fn mailbox(text: &str) -> Option<Mailbox> {
    let from: Mailbox = text.parse().ok()?;
    let is_ascii = mail_address(from.email.as_ref()).is_some_and(|a| a.domain() == from.email.domain());
    is_ascii.then_some(from)
}

/// A day, as its first moment in UTC.
pub(super) fn day(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(&format!("{text}T00:00:00Z")).ok()
}

/// The members of a list, which may be `none`.
pub(super) fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty() && *one != "none")
}

/// Networks, and operators of some by their AS numbers.
pub(super) fn allowed(text: &str) -> Option<Allowed> {
    let mut allowed = Allowed::default();
    for one in listed(text) {
        // 0 is where no operator is known, which is not to be allowed by that.
        match one.strip_prefix("AS").and_then(|number| number.parse().ok()).filter(|operator: &u32| *operator > 0) {
            Some(operator) => allowed.operators.push(operator),
            None => allowed.networks.push(one.parse().ok()?),
        }
    }
    Some(allowed)
}

/// Purposes by the sids of Twilio's services.
pub(super) fn services(text: &str) -> Option<BTreeMap<String, String>> {
    let mut services = BTreeMap::new();
    for entry in text.split(',') {
        let (sid, purpose) = entry.trim().split_once(':')?;
        Reference::read(sid.strip_prefix("VA")?).filter(|_| is_purpose(purpose))?;
        services.insert(sid.to_owned(), purpose.to_owned()).is_none().then_some(())?;
    }
    Some(services)
}
