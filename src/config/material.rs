//! Key material: the pepper ring, the index key and the audit key.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use secrecy::{ExposeSecret as _, SecretSlice};
use zeroize::Zeroizing;

use super::reader::{Reader, Reported};
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
    let (index_key, audit_key) = (single(r, "OTP_INDEX_KEY"), single(r, "OTP_AUDIT_KEY"));
    let material = Material { peppers: peppers?, index_key: index_key?, audit_key: audit_key? };
    let same = |key: &SecretSlice<u8>| material.peppers.iter().any(|p| p.value.expose_secret() == key.expose_secret());
    if material.index_key.as_ref().is_some_and(same) {
        r.mistake("OTP_INDEX_KEY", "must differ from OTP_PEPPER");
        return Err(Reported);
    }
    let index = |key: &SecretSlice<u8>| {
        material.index_key.as_ref().is_some_and(|index| index.expose_secret() == key.expose_secret())
    };
    if material.audit_key.as_ref().is_some_and(|key| same(key) || index(key)) {
        r.mistake("OTP_AUDIT_KEY", "must differ from OTP_PEPPER and OTP_INDEX_KEY");
        return Err(Reported);
    }
    Ok(material)
}

pub(super) fn single(r: &mut Reader, name: &'static str) -> Result<Option<SecretSlice<u8>>, Reported> {
    let Some(given) = r.secret(name)? else { return Ok(None) };
    decode(given.text.expose_secret()).map(Some).map_err(|problem| {
        r.mistake(&given.variable, problem);
        Reported
    })
}

fn ring(r: &mut Reader) -> Result<Vec<Pepper>, Reported> {
    let Some(given) = r.secret("OTP_PEPPER")? else { return Ok(Vec::new()) };
    let mut peppers: Vec<Pepper> = Vec::new();
    let mut complete = true;
    for (number, entry) in (1..).zip(given.text.expose_secret().split(',')) {
        match pepper(entry.trim()).and_then(|new| differs(&peppers, new)) {
            Ok(pepper) => peppers.push(pepper),
            Err(problem) => {
                complete = false;
                r.mistake(&given.variable, format!("entry {number} {problem}"));
            }
        }
    }
    if complete { Ok(peppers) } else { Err(Reported) }
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
        let standard: Zeroizing<String> = Zeroizing::new(
            text.chars()
                .map(|c| {
                    if c == '-' {
                        '+'
                    } else if c == '_' {
                        '/'
                    } else {
                        c
                    }
                })
                .collect(),
        );
        BASE64.decode(standard.as_bytes()).ok()
    };
    let bytes = Zeroizing::new(bytes.ok_or("is neither base64 nor hex; `otp-sidecar keygen` prints a good one")?);
    if bytes.len() < SHORTEST {
        return Err(format!("decodes to {} bytes; at least {SHORTEST} random ones are needed", bytes.len()));
    }
    Ok(SecretSlice::from(bytes.to_vec()))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(char::from(*high).to_digit(16)? * 16 + char::from(*low).to_digit(16)?),
        _ => None,
    });
    pairs.map(|value| value.and_then(|v| u8::try_from(v).ok())).collect()
}
