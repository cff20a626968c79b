//! Delivery: who sends, in which words, and what holds of all channels.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::{
    channels,
    reader::{Reader, set},
    table as env,
    words::Notices,
};
use crate::{
    delivery::{DeliverySettings, TestRecipients, address::AddressKind, templates::Templates},
    policy::Policy,
};

/// Most test recipients.
const TEST_RECIPIENTS_MAX: usize = 100;
/// From today on, test recipients may last so long.
const TEST_TIME_MAX: Duration = Duration::from_secs(366 * 86_400);

/// The channels and what they need; `None` where there are none.
pub(super) fn read(r: &mut Reader, policy: &Policy) -> Option<DeliverySettings> {
    let targets = channels::targets(r);
    let common = channels::Common {
        from: r.given(&env::OTP_DELIVERY_FROM),
        authority: r.path(&env::OTP_DELIVERY_CA),
        dir: r.path(&env::OTP_TEMPLATES_DIR),
        timeout: r.get(&env::OTP_DELIVERY_TIMEOUT),
        connections: r.get(&env::OTP_DELIVERY_CONNECTIONS),
    };
    let (app_name, locale) = (r.given(&env::OTP_APP_NAME), r.get(&env::OTP_LOCALE));
    let (tries, origin) = (r.get(&env::OTP_DELIVERY_TRIES), r.given(&env::OTP_SMS_ORIGIN));
    let (caller_codes, notices) = (r.get(&env::OTP_CALLER_CODES), r.get(&env::OTP_NOTIFY_USERS));
    let test_recipients = test_recipients(r, policy).unwrap_or_default();
    if targets.is_empty() {
        return None;
    }
    let kinds: BTreeMap<String, AddressKind> =
        targets.iter().map(|(name, target)| (name.clone(), target.kind)).collect();
    let by_phone = kinds.iter().find(|(_, kind)| **kind == AddressKind::Phone);
    if let Some((name, _)) = by_phone.filter(|_| !r.is_set("OTP_PHONE_PREFIXES")) {
        let problem = format!("must be set when {} is: who pays for the messages is you", channels::url_of(name));
        r.mistake("OTP_PHONE_PREFIXES", problem);
    }
    let templates = Templates::load(common.dir.as_deref(), &kinds, &locale, origin);
    let templates = r.right("OTP_TEMPLATES_DIR", templates)?;
    for name in templates.long_texts(&kinds) {
        r.warn("OTP_TEMPLATES_DIR", format!("holds `{name}`, which makes more than one SMS of a code"));
    }
    let timeout = common.timeout;
    Some(DeliverySettings {
        channels: channels::channels(r, targets, &common, &templates)?,
        app_name,
        templates,
        timeout,
        tries,
        test_recipients,
        caller_codes,
        notify_lockout: notices == Notices::Lockout,
    })
}

/// Twilio's services that are answered for, with their purposes; none where that door is shut.
pub(super) fn twilio(r: &mut Reader, policy: &Policy) -> BTreeMap<String, String> {
    let services = r.given(&env::OTP_TWILIO_SERVICES).unwrap_or_default();
    if !services.is_empty() && r.channels.is_empty() {
        r.mistake("OTP_TWILIO_SERVICES", "needs a channel to send codes by, such as OTP_DELIVERY_URL__SMS");
    }
    if !services.is_empty() && policy.ip_failures.is_some() {
        r.warn("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "does not see checks by OTP_TWILIO_SERVICES, which name no client");
    }
    services
}

fn test_recipients(r: &mut Reader, policy: &Policy) -> Option<TestRecipients> {
    let (list, until) = (r.secret(&env::OTP_TEST_RECIPIENTS), r.given(&env::OTP_TEST_RECIPIENTS_UNTIL));
    let list = list?;
    if !r.is_set("OTP_TEST_RECIPIENTS_UNTIL") {
        r.mistake("OTP_TEST_RECIPIENTS_UNTIL", "must be set when OTP_TEST_RECIPIENTS is");
    }
    let until = until?;
    if until > SystemTime::now() + TEST_TIME_MAX {
        r.mistake("OTP_TEST_RECIPIENTS_UNTIL", "must be a day within 366 from now");
    }
    let shapes = || std::iter::once(&policy.default).chain(policy.purposes.values()).map(|purpose| &purpose.shape);
    let fits = |code: &str| shapes().all(|shape| code.len() == usize::from(shape.length) && shape.spells(code));
    let entry = |entry: &str| {
        let (to, code) = entry.trim().split_once('=')?;
        let is_address = AddressKind::Mail.takes(to) || AddressKind::Phone.takes(to);
        (is_address && fits(code)).then(|| (to.to_owned(), Zeroizing::new(code.to_owned())))
    };
    let separators: &[char] = if list.from_file { &[',', '\n'] } else { &[','] };
    let entries = list.text.expose_secret().split(separators).filter(|entry| !entry.trim().is_empty());
    let codes: Option<BTreeMap<_, _>> = entries.map(entry).collect();
    let problem = "must be at most 100 of `address=code`, each code of the length and alphabet of all purposes";
    let codes = codes.filter(|codes| codes.len() <= TEST_RECIPIENTS_MAX).ok_or(problem);
    let codes = r.right(&list.variable, codes)?;
    r.show("OTP_TEST_RECIPIENTS", set(codes.len(), "recipient"));
    let recipients = TestRecipients::new(codes, until);
    if recipients.end_soon(SystemTime::now()) {
        r.warn("OTP_TEST_RECIPIENTS_UNTIL", "is near, or over: from that day on real messages go to test recipients");
    }
    Some(recipients)
}
