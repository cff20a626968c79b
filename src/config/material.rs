//! Key material: the pepper ring, the index key and the audit key.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use zeroize::Zeroizing;

use super::{
    reader::{Reader, Reported, set},
    table as env,
    variable::Typed,
};
use crate::secret::Pepper;

/// As long as the output of SHA-256, below which HMAC loses strength (RFC 2104 §3).
const SHORTEST: usize = 32;

/// Standard base64, padded or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What [`read`] answers.
pub(super) struct Material {
    pub(super) peppers: Vec<Pepper>,
    pub(super) index_key: Option<SecretSlice<u8>>,
    pub(super) audit_key: Option<SecretSlice<u8>>,
}

pub(super) fn read(r: &mut Reader) -> Result<Material, Reported> {
    let peppers = ring(r);
    let (index_key, audit_key) = (single(r, &env::OTP_INDEX_KEY), single(r, &env::OTP_AUDIT_KEY));
    for (name, made) in [
        ("OTP_PEPPER", peppers.as_ref().is_ok_and(Vec::is_empty)),
        ("OTP_INDEX_KEY", index_key.as_ref().is_ok_and(Option::is_none)),
    ] {
        if made {
            r.show(name, "not set (made and kept in the data directory)");
        }
    }
    if let Ok(None) = audit_key {
        r.show("OTP_AUDIT_KEY", "not set (derived from the index key)");
    }
    let material = Material { peppers: peppers?, index_key: index_key?, audit_key: audit_key? };
    let is_pepper = |key: &SecretSlice<u8>| material.peppers.iter().any(|pepper| is_same(&pepper.value, key));
    if material.index_key.as_ref().is_some_and(is_pepper) {
        return Err(r.mistake("OTP_INDEX_KEY", "must differ from OTP_PEPPER"));
    }
    let is_index = |key: &SecretSlice<u8>| material.index_key.as_ref().is_some_and(|index| is_same(index, key));
    if material.audit_key.as_ref().is_some_and(|key| is_pepper(key) || is_index(key)) {
        return Err(r.mistake("OTP_AUDIT_KEY", "must differ from OTP_PEPPER and OTP_INDEX_KEY"));
    }
    Ok(material)
}

/// The pepper ring, of which none may be one of the keys that are `held`.
pub(super) fn ring_beside(r: &mut Reader, held: &[SecretSlice<u8>]) -> Result<Vec<Pepper>, Reported> {
    let peppers = ring(r)?;
    if peppers.iter().any(|pepper| held.iter().any(|key| is_same(&pepper.value, key))) {
        return Err(r.mistake("OTP_PEPPER", "must differ from OTP_INDEX_KEY and OTP_AUDIT_KEY"));
    }
    Ok(peppers)
}

fn is_same(one: &SecretSlice<u8>, other: &SecretSlice<u8>) -> bool {
    one.expose_secret() == other.expose_secret()
}

pub(super) fn single(r: &mut Reader, variable: &Typed<SecretString>) -> Result<Option<SecretSlice<u8>>, Reported> {
    let Some(given) = r.secret(variable)? else { return Ok(None) };
    r.show(variable.row.name, set(1, "value"));
    decode(given.text.expose_secret()).map(Some).map_err(|problem| r.mistake(&given.variable, problem))
}

fn ring(r: &mut Reader) -> Result<Vec<Pepper>, Reported> {
    let Some(given) = r.secret(&env::OTP_PEPPER)? else { return Ok(Vec::new()) };
    let mut peppers: Vec<Pepper> = Vec::new();
    let mut complete = Ok(());
    for (number, entry) in (1..).zip(given.text.expose_secret().split(',')) {
        match pepper(entry.trim()).and_then(|new| differs(&peppers, new)) {
            Ok(pepper) => peppers.push(pepper),
            Err(problem) => complete = Err(r.mistake(&given.variable, format!("entry {number} {problem}"))),
        }
    }
    r.show("OTP_PEPPER", set(peppers.len(), "value"));
    complete.map(|()| peppers)
}

/// `kid:value`, or a bare value, whose name is empty: so a pepper that began without a name can stay in the ring.
fn pepper(entry: &str) -> Result<Pepper, String> {
    let (kid, value) = match entry.split_once(':') {
        None => ("", entry),
        Some((kid, value)) => {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
            if !(1..=32).contains(&kid.len()) || !kid.bytes().all(allowed) {
                return Err("must have a name of 1 to 32 letters, digits, `_`, `.` and `-` before the colon".into());
            }
            (kid, value)
        }
    };
    Ok(Pepper { kid: kid.to_owned(), value: decode(value)? })
}

fn differs(ring: &[Pepper], new: Pepper) -> Result<Pepper, String> {
    if ring.iter().any(|p| p.kid == new.kid) {
        return Err("has the same name as an earlier one (at most one may have none)".into());
    }
    if ring.iter().any(|p| p.value.expose_secret() == new.value.expose_secret()) {
        return Err("has the same value as an earlier one".into());
    }
    Ok(new)
}

/// Reads base64 (standard or URL-safe, padded or not) or hex. What consists of hex digits alone is hex: the chance
/// that 43 characters of base64 look like it is below 2⁻⁶⁰, and a short hex key must not pass as a longer one.
fn decode(text: &str) -> Result<SecretSlice<u8>, String> {
    let bytes = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        from_hex(text)
    } else {
        let standard = |b: u8| match b {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
        BASE64.decode(Zeroizing::new(text.bytes().map(standard).collect::<Vec<u8>>())).ok()
    };
    let bytes = Zeroizing::new(bytes.ok_or("is neither base64 nor hex; `otp-sidecar keygen` prints a good one")?);
    if bytes.len() < SHORTEST {
        return Err(format!("decodes to {} bytes; at least {SHORTEST} random ones are needed", bytes.len()));
    }
    Ok(SecretSlice::from(bytes.to_vec()))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [_, _] => u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok(),
        _ => None,
    });
    pairs.collect()
}
