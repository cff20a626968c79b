//! What the variables of messages hold: who sends, in which language, to whom.

use std::time::SystemTime;

use lettre::message::Mailbox;

use super::{
    value::{Value, not},
    variable::Kind,
};
use crate::{
    delivery::{
        address::MailAddress,
        templates::{is_app_name, is_locale},
    },
    policy::Prefixes,
};

/// A locale as templates are named for.
pub(super) struct Locale(pub(super) String);

/// What the app calls itself in messages.
pub(super) struct AppName(pub(super) String);

/// The host of a page that reads codes from messages.
pub(super) struct Origin(pub(super) String);

/// A day, as its first moment in UTC.
pub(super) struct Day(pub(super) SystemTime);

impl Value for Origin {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        let host = MailAddress::parse(&format!("a@{text}")).filter(|address| address.domain == text);
        host.map(|address| Self(address.domain)).ok_or_else(|| not("a host such as `shop.example`", text))
    }
}

impl Value for Day {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        let day = humantime::parse_rfc3339(&format!("{text}T00:00:00Z"));
        day.map(Self).map_err(|_| not("a day such as `2027-03-01`", text))
    }
}

impl Value for Prefixes {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| not("prefixes such as `+49,+1,-+1876`, each once, or `*`", text))
    }
}

impl Value for Locale {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        is_locale(text).then(|| Self(text.to_owned())).ok_or_else(|| not("a locale such as `en` or `de-AT`", text))
    }
}

impl Value for AppName {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        is_app_name(text).then(|| Self(text.to_owned())).ok_or_else(|| not("at most 60 characters of one line", text))
    }
}

impl Value for Mailbox {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        // A host that can be said to every relay.
        let is_ascii =
            |from: &lettre::Address| MailAddress::parse(from.as_ref()).is_some_and(|a| a.domain == from.domain());
        let known = text.parse::<Self>().ok().filter(|from| is_ascii(&from.email));
        known.ok_or_else(|| not("a mail address, such as `Shop <no-reply@shop.example>`", text))
    }
}
