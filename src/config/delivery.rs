//! Delivery: who sends, in which words, and what holds of all channels.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use lettre::message::Mailbox;
use secrecy::ExposeSecret as _;
use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::{
    channels,
    reader::{Reader, Reported, set},
    table as env,
    value::{Value, not},
    variable::Kind,
    words::Notices,
};
use crate::{
    delivery::{
        DeliverySettings, TestRecipients,
        address::{AddressKind, MailAddress},
        templates::{Templates, is_app_name, is_locale},
    },
    policy::{Policy, Prefixes, code::Shape},
};

/// Most test recipients.
const TEST_RECIPIENTS_MAX: usize = 100;
/// From today on, test recipients may last so long.
const TEST_TIME_MAX: Duration = Duration::from_secs(366 * 86_400);

/// A locale as templates are named for.
pub(super) struct Locale(String);

/// What the app calls itself in messages.
pub(super) struct AppName(String);

/// The host of a page that reads codes from messages.
pub(super) struct Origin(String);

/// A day, as its first moment in UTC.
pub(super) struct Day(SystemTime);

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
        let known = text.parse::<Self>().ok().filter(|from| from.email.is_ascii_host());
        known.ok_or_else(|| not("a mail address, such as `Shop <no-reply@shop.example>`", text))
    }

    fn show(&self, text: &str) -> Json {
        text.into()
    }
}

/// Whether an address can be said to every relay.
trait AsciiHost {
    fn is_ascii_host(&self) -> bool;
}

impl AsciiHost for lettre::Address {
    fn is_ascii_host(&self) -> bool {
        MailAddress::parse(self.as_ref()).is_some_and(|address| address.domain == self.domain())
    }
}

/// The channels and what they need; `None` where there are none.
pub(super) fn read(r: &mut Reader, policy: Option<&Policy>) -> Result<Option<DeliverySettings>, Reported> {
    let targets = channels::targets(r);
    let (from, app_name) = (r.given(&env::OTP_DELIVERY_FROM), r.given(&env::OTP_APP_NAME));
    let locale = r.get(&env::OTP_LOCALE);
    let (timeout, tries) = (r.get(&env::OTP_DELIVERY_TIMEOUT), r.get(&env::OTP_DELIVERY_TRIES));
    let connections = r.get(&env::OTP_DELIVERY_CONNECTIONS);
    let (authority, dir) = (r.path(&env::OTP_DELIVERY_CA), r.path(&env::OTP_TEMPLATES_DIR));
    let (origin, caller_codes) = (r.given(&env::OTP_SMS_ORIGIN), r.get(&env::OTP_CALLER_CODES));
    let notices = r.get(&env::OTP_NOTIFY_USERS);
    let test_recipients = test_recipients(r, policy);
    let targets = targets?;
    if targets.is_empty() {
        return Ok(None);
    }
    let kinds: BTreeMap<String, AddressKind> =
        targets.iter().map(|(name, target)| (name.clone(), target.kind)).collect();
    let by_phone = kinds.iter().find(|(_, kind)| **kind == AddressKind::Phone);
    if let Some((name, _)) = by_phone.filter(|_| policy.is_some_and(|p| p.destinations.prefixes == Prefixes::default()))
    {
        let problem = format!("must be set when {} is: who pays for the messages is you", channels::url_of(name));
        r.mistake("OTP_PHONE_PREFIXES", problem);
    }
    let origin = origin?.map(|origin| origin.0);
    let templates = Templates::load(dir.as_deref(), &kinds, &locale?.0, origin);
    let templates = templates.map_err(|why| r.mistake("OTP_TEMPLATES_DIR", why))?;
    for name in templates.long_texts(&kinds) {
        r.warn("OTP_TEMPLATES_DIR", format!("holds `{name}`, which makes more than one SMS of a code"));
    }
    let common = channels::Common { from: from?, authority, dir, timeout: timeout?, connections: connections? };
    let channels = channels::channels(r, targets, common, &templates)?;
    Ok(Some(DeliverySettings {
        channels,
        app_name: app_name?.map(|name| name.0),
        templates,
        timeout: timeout?,
        tries: tries?,
        test_recipients: test_recipients?,
        caller_codes: caller_codes?,
        notify_lockout: notices? == Notices::Lockout,
    }))
}

fn test_recipients(r: &mut Reader, policy: Option<&Policy>) -> Result<TestRecipients, Reported> {
    let (list, until) = (r.secret(&env::OTP_TEST_RECIPIENTS), r.given(&env::OTP_TEST_RECIPIENTS_UNTIL));
    let (Some(list), until) = (list?, until?) else { return Ok(TestRecipients::default()) };
    let Some(Day(until)) = until else {
        return Err(r.mistake("OTP_TEST_RECIPIENTS_UNTIL", "must be set when OTP_TEST_RECIPIENTS is"));
    };
    if until > SystemTime::now() + TEST_TIME_MAX {
        return Err(r.mistake("OTP_TEST_RECIPIENTS_UNTIL", "must be a day within 366 from now"));
    }
    let shapes: Vec<&Shape> = policy.map_or_else(Vec::new, |policy| {
        std::iter::once(&policy.default).chain(policy.purposes.values()).map(|purpose| &purpose.shape).collect()
    });
    let fits = |code: &str| shapes.iter().all(|shape| code.len() == usize::from(shape.length) && shape.spells(code));
    let entry = |entry: &str| {
        let (to, code) = entry.trim().split_once('=')?;
        let is_address = AddressKind::Mail.takes(to) || AddressKind::Phone.takes(to);
        (is_address && fits(code)).then(|| (to.to_owned(), Zeroizing::new(code.to_owned())))
    };
    let separators: &[char] = if list.from_file { &[',', '\n'] } else { &[','] };
    let entries = list.text.expose_secret().split(separators).filter(|entry| !entry.trim().is_empty());
    let codes: Option<BTreeMap<_, _>> = entries.map(entry).collect();
    let Some(codes) = codes.filter(|codes| codes.len() <= TEST_RECIPIENTS_MAX) else {
        let problem = "must be at most 100 of `address=code`, each code of the length and alphabet of all purposes";
        return Err(r.mistake(&list.variable, problem));
    };
    r.show("OTP_TEST_RECIPIENTS", set(codes.len(), "recipient"));
    let recipients = TestRecipients::new(codes, until);
    if recipients.end_soon(SystemTime::now()) {
        r.warn("OTP_TEST_RECIPIENTS_UNTIL", "is near, or over: from that day on real messages go to test recipients");
    }
    Ok(recipients)
}
