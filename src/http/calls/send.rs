//! `POST /v1/verifications`

use std::{borrow::Cow, time::SystemTime};

use zeroize::Zeroizing;

use super::input;
use crate::{
    delivery::{
        address::AddressKind,
        templates::{SMS, is_locale},
    },
    http::{Code, Fields, Problem, json::Value},
    policy::Subject,
    secret::Way,
    service::{DEFAULT_PURPOSE, Idempotency, Service, destination::Destination, send::SendCall},
};

/// The fields of this call.
const FIELDS: &[&str] = &[
    "subject",
    "purpose",
    "ip",
    "user_agent",
    "device_id",
    "locale",
    "channel",
    "consent",
    "to",
    "subject_known",
    "fallback",
    "app_hash",
    "code",
];
/// Most ways behind the first.
const FALLBACK_MAX: usize = 3;

/// What is meant where it is not said.
const DEFAULTS: &[(&str, Value<'_>)] = &[
    ("purpose", Value::Text(Cow::Borrowed(DEFAULT_PURPOSE))),
    ("channel", Value::Text(Cow::Borrowed("return"))),
    ("consent", Value::Text(Cow::Borrowed("full"))),
    ("subject_known", Value::Bool(true)),
];

/// What is kept of a locale, in bytes: as long as the longest tag that RFC 5646 §4.4.1 counts on.
const LOCALE_MAX: usize = 35;

/// Reads a call.
///
/// # Errors
/// 422 `invalid_field`, 400 `malformed`.
pub fn read(service: &Service, body: &[u8], key: Option<&str>) -> Result<SendCall, Problem> {
    let mut fields = Fields::parse(body, FIELDS)?;
    let idempotency = key.map(|key| Idempotency::new(key, &fields.content(DEFAULTS)));
    let subject = input::subject(&mut fields)?;
    let purpose = input::purpose(&mut fields)?;
    let mut client = input::client(&mut fields)?;
    client.security_only = fields.either("consent", ["full", "security_only"])? == Some(false);
    let destination = destination(&mut fields, service, &subject, &purpose)?;
    let known = fields.optional_bool("subject_known")?.unwrap_or(true);
    fields.finish()?;
    Ok(SendCall { subject, purpose, client, known, idempotency, destination })
}

/// Where the code goes, which other way where that fails, and in which words; `None` where the caller delivers it.
fn destination(
    fields: &mut Fields<'_>,
    service: &Service,
    subject: &Subject,
    purpose: &str,
) -> Result<Option<Destination>, Problem> {
    let own = subject.spelling();
    let Some(first) = way(fields, service, Some(own))? else {
        input::adornment(fields, "locale", LOCALE_MAX)?;
        let taken = ["to", "fallback", "app_hash", "code"].into_iter().find(|name| fields.take(name).is_some());
        let detail = "The channel \"return\" hands the code to you, and takes none of this.";
        return taken.map_or(Ok(None), |name| Err(Problem::invalid_field(name, detail)));
    };
    let mut ways = vec![first];
    fallback(fields, service, &mut ways)?;
    let detail = "This field must be a language tag, such as \"de-AT\".";
    let locale = fields.read("locale", detail, |text| is_locale(&text).then(|| text.into_owned()))?;
    let is_hash =
        |text: &str| text.len() == 11 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b));
    let detail = "This field must be the 11 characters of an app's hash, for a code that goes by \"sms\".";
    let by_sms = ways.iter().any(|way| way.channel == SMS);
    let app_hash = fields.read("app_hash", detail, |text| (by_sms && is_hash(&text)).then(|| text.into_owned()))?;
    let settings = service.delivery_settings();
    let code = match fields.optional_text("code")? {
        None => None,
        Some(text) if settings.is_some_and(|settings| settings.caller_codes) => {
            let shape = &service.policy().of(purpose).shape;
            let fits = text.len() == usize::from(shape.length) && shape.spells(&text);
            let own = Some(Zeroizing::new(text.into_owned())).filter(|_| fits);
            Some(own.ok_or_else(|| Problem::from(Code::InvalidCode).about("code"))?)
        }
        Some(_) => {
            return Err(Problem::invalid_field("code", "Codes of your own are taken where OTP_CALLER_CODES is true."));
        }
    };
    let test = settings
        .zip(ways.first())
        .and_then(|(settings, way)| settings.test_recipients.code(&way.to, SystemTime::now()).cloned());
    Ok(Some(Destination { ways, locale, app_hash, app: None, test: test.is_some(), code: test.or(code) }))
}

/// The other ways, in their order.
fn fallback(fields: &mut Fields<'_>, service: &Service, ways: &mut Vec<Way>) -> Result<(), Problem> {
    let wrong = || {
        let detail = "This field must be a list of at most 3 objects with \"channel\" and \"to\", all different.";
        Problem::invalid_field("fallback", detail)
    };
    let others = match fields.take("fallback") {
        None => return Ok(()),
        Some(Value::List(others)) if others.len() <= FALLBACK_MAX => others,
        Some(_) => return Err(wrong()),
    };
    for other in others {
        let Value::Object(inside) = other else { return Err(wrong()) };
        let mut inside = Fields::inside(inside, &["channel", "to"]);
        let way = way(&mut inside, service, None).ok().flatten().filter(|way| !ways.contains(way)).ok_or_else(wrong)?;
        inside.finish().map_err(|_| wrong())?;
        ways.push(way);
    }
    Ok(())
}

/// One way; `None` where the caller delivers. Without an address it is the subject, where that is one.
fn way(fields: &mut Fields<'_>, service: &Service, subject: Option<&str>) -> Result<Option<Way>, Problem> {
    let channels = service.delivery_settings().map(|settings| &settings.channels);
    let detail = "This field must be \"return\" or a channel that is configured.";
    let known = |text: Cow<'_, str>| match channels.and_then(|channels| channels.get(&*text)) {
        Some(channel) => Some(Some((text.into_owned(), channel.kind))),
        None => (text == "return").then_some(None),
    };
    let Some((channel, kind)) = fields.read("channel", detail, known)?.flatten() else { return Ok(None) };
    let detail = match kind {
        AddressKind::Mail => "This field must be one plain mail address.",
        AddressKind::Phone => "This field must be a number such as \"+4917112345678\": a plus and digits.",
    };
    let to = fields.read("to", detail, |text| kind.takes(&text).then(|| text.into_owned()))?;
    let because = "This field is required where the subject is no such address.";
    let to = to.or_else(|| subject.filter(|subject| kind.takes(subject)).map(str::to_owned));
    Ok(Some(Way { channel, to: to.ok_or_else(|| fields.missing_because("to", because))? }))
}
