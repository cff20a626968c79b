//! Reading one value that is no secret. Every function answers with the rest of a sentence that begins with the
//! variable's name.

use std::time::Duration;

use super::{
    mistake::printable,
    table::LONGEST,
    variable::{Kind, Unit},
};
use crate::policy::Quota;

/// How a value of some kind is read.
pub(super) type Parse<T> = fn(&Kind, &str) -> Result<T, String>;

const HOUR: Duration = Duration::from_secs(3_600);
/// Suffixes of a length of time in milliseconds; `ms` before `s`, which it ends with.
const SUFFIXES: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

fn not(wanted: &str, text: &str) -> String {
    format!("must be {wanted}, not `{}`", printable(text))
}

/// Only digits: `str::parse` would also take a sign.
fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

pub(super) fn number<T: TryFrom<u64>>(kind: &Kind, text: &str) -> Result<T, String> {
    let Kind::Number { min, max } = *kind else { return Err("does not hold a number".into()) };
    let given = digits(text).filter(|n| (min..=max).contains(n)).and_then(|n| T::try_from(n).ok());
    given.ok_or_else(|| not(&format!("a whole number from {min} to {max}"), text))
}

pub(super) fn factor(kind: &Kind, text: &str) -> Result<f64, String> {
    let Kind::Factor { min, max } = *kind else { return Err("does not hold a factor".into()) };
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let given = text.parse().ok().filter(|n: &f64| plain && (min..=max).contains(n));
    given.ok_or_else(|| not(&format!("a number from {min} to {max}"), text))
}

/// A length of time with its unit, or in `bare` if there is one for bare numbers.
fn length(text: &str, bare: Option<Unit>) -> Option<Duration> {
    let with_suffix = SUFFIXES.iter().find_map(|(suffix, millis)| {
        let number = text.strip_suffix(suffix)?;
        Some((digits(number)?, *millis))
    });
    let (number, millis) = match (with_suffix, bare) {
        (Some(found), _) => found,
        (None, Some(unit)) => (digits(text)?, unit.millis()),
        (None, None) => return None,
    };
    number.checked_mul(millis).map(Duration::from_millis)
}

pub(super) fn span(kind: &Kind, text: &str) -> Result<Duration, String> {
    let Kind::Span { unit, min, max } = *kind else { return Err("does not hold a length of time".into()) };
    let given = length(text, Some(unit)).filter(|d| (min..=max).contains(d));
    let bare = match unit {
        Unit::Milliseconds => "milliseconds",
        Unit::Seconds => "seconds",
        Unit::Minutes => "minutes",
        Unit::Hours => "hours",
        Unit::Days => "days",
    };
    given.ok_or_else(|| {
        let wanted = format!("from {} to {} (a bare number means {bare})", show_span(min), show_span(max));
        not(&wanted, text)
    })
}

/// `None` = off.
pub(super) fn quota(_: &Kind, text: &str) -> Result<Option<Quota>, String> {
    let wrong = || not("a quota: `5` (per hour), `5/10m` (up to 40d), `0` or `off`", text);
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let (max, window) = match text.split_once('/') {
        None => (text, HOUR),
        Some((max, window)) => (max, length(window, None).ok_or_else(wrong)?),
    };
    if !(Duration::from_secs(1)..=LONGEST).contains(&window) {
        return Err(wrong());
    }
    let max = digits(max).and_then(|n| u32::try_from(n).ok()).ok_or_else(wrong)?;
    Ok(if max == 0 { None } else { Some(Quota { max, window }) })
}

pub(super) fn flag(_: &Kind, text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(not("`true` or `false`", text)),
    }
}

/// The word itself, as the table spells it.
pub(super) fn choice(kind: &Kind, text: &str) -> Result<&'static str, String> {
    let Kind::Choice(words) = *kind else { return Err("does not hold a word".into()) };
    let given = words.iter().find(|w| w.eq_ignore_ascii_case(text)).copied();
    given.ok_or_else(|| not(&words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(" or "), text))
}

pub(super) fn alphabet(_: &Kind, text: &str) -> Result<String, String> {
    let mut seen: Vec<u8> = text.bytes().collect();
    seen.sort_unstable();
    seen.dedup();
    let fits = (2..=64).contains(&text.len()) && seen.len() == text.len();
    if fits && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        Ok(text.to_owned())
    } else {
        Err(not("2 to 64 different ASCII letters or digits", text))
    }
}

/// A filter as `tracing-subscriber` reads it.
pub(super) fn filter(_: &Kind, text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(not("a log filter such as `info` or `info,otp_sidecar=debug`", text)),
    }
}

/// The shortest spelling that [`span`] reads back.
pub(super) fn show_span(span: Duration) -> String {
    let millis = span.as_millis();
    let fitting =
        SUFFIXES.iter().rev().find(|(_, unit)| millis >= u128::from(*unit) && millis.is_multiple_of(u128::from(*unit)));
    fitting.map_or_else(|| "0s".into(), |(suffix, unit)| format!("{}{suffix}", millis / u128::from(*unit)))
}

/// A spelling that [`quota`] reads back.
pub(super) fn show_quota(quota: Option<Quota>) -> String {
    quota.map_or_else(|| "off".into(), |q| format!("{}/{}", q.max, show_span(q.window)))
}
