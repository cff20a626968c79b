//! Key material: the pepper ring, the index key and the audit key.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use zeroize::Zeroizing;

use super::{
    reader::{Reader, set},
    table as env,
    variable::Typed,
};
use crate::secret::Pepper;

/// As long as the output of SHA-256, below which HMAC loses strength (RFC 2104 §3).
const SHORTEST: usize = 32;

/// Base64, padded or not, with either pair of characters beside letters and digits.
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, PADDED_OR_NOT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, PADDED_OR_NOT);
const PADDED_OR_NOT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// What [`read`] answers.
pub(super) struct Material {
    pub(super) peppers: Vec<Pepper>,
    pub(super) index_key: Option<SecretSlice<u8>>,
    pub(super) audit_key: Option<SecretSlice<u8>>,
}

pub(super) fn read(r: &mut Reader) -> Material {
    // A store that outlives us, or is shared, needs key material that does too.
    for variable in ["OTP_PEPPER", "OTP_INDEX_KEY"] {
        if r.is_set("REDIS_URL") && !r.is_set(variable) {
            r.mistake(variable, "must be set when REDIS_URL is; `otp-sidecar keygen` prints one");
        }
    }
    let ours = "not set (made and kept in the data directory)";
    let peppers = ring(r, ours);
    let index_key = single(r, &env::OTP_INDEX_KEY, ours);
    let audit_key = single(r, &env::OTP_AUDIT_KEY, "not set (derived from the index key)");
    let is_pepper = |key: &SecretSlice<u8>| peppers.iter().any(|pepper| is_same(&pepper.value, key));
    let is_index = |key: &SecretSlice<u8>| index_key.as_ref().is_some_and(|index| is_same(index, key));
    if index_key.as_ref().is_some_and(is_pepper) {
        r.mistake("OTP_INDEX_KEY", "must differ from OTP_PEPPER");
    }
    if audit_key.as_ref().is_some_and(|key| is_pepper(key) || is_index(key)) {
        r.mistake("OTP_AUDIT_KEY", "must differ from OTP_PEPPER and OTP_INDEX_KEY");
    }
    Material { peppers, index_key, audit_key }
}

/// The pepper ring, of which none may be one of the keys that are `held`.
pub(super) fn ring_beside(r: &mut Reader, held: &[SecretSlice<u8>]) -> Vec<Pepper> {
    let peppers = ring(r, "not set");
    if peppers.iter().any(|pepper| held.iter().any(|key| is_same(&pepper.value, key))) {
        r.mistake("OTP_PEPPER", "must differ from OTP_INDEX_KEY and OTP_AUDIT_KEY");
    }
    peppers
}

fn is_same(one: &SecretSlice<u8>, other: &SecretSlice<u8>) -> bool {
    one.expose_secret() == other.expose_secret()
}

/// One key; `unset` is shown where there is none.
pub(super) fn single(r: &mut Reader, variable: &Typed<SecretString>, unset: &str) -> Option<SecretSlice<u8>> {
    let given = r.secret(variable);
    r.show(variable.row.name, given.as_ref().map_or_else(|| unset.to_owned(), |_| set(1, "value")));
    let given = given?;
    r.right(&given.variable, decode(given.text.expose_secret()))
}

fn ring(r: &mut Reader, unset: &str) -> Vec<Pepper> {
    let Some(given) = r.secret(&env::OTP_PEPPER) else {
        r.show("OTP_PEPPER", unset);
        return Vec::new();
    };
    let mut peppers: Vec<Pepper> = Vec::new();
    for (number, entry) in (1..).zip(given.text.expose_secret().split(',')) {
        let new = pepper(entry.trim()).and_then(|new| differs(&peppers, new));
        peppers.extend(r.right(&given.variable, new.map_err(|problem| format!("entry {number} {problem}"))));
    }
    r.show("OTP_PEPPER", set(peppers.len(), "value"));
    peppers
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
    if ring.iter().any(|p| is_same(&p.value, &new.value)) {
        return Err("has the same value as an earlier one".into());
    }
    Ok(new)
}

/// Reads base64 (standard or URL-safe, padded or not) or hex. What consists of hex digits alone is hex: the chance
/// that 43 characters of base64 look like it is below 2⁻⁶⁰, and a short hex key must not pass as a longer one.
fn decode(text: &str) -> Result<SecretSlice<u8>, String> {
    let is_hex = !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    let bytes = if is_hex { from_hex(text) } else { STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok() };
    let bytes = Zeroizing::new(bytes.ok_or("is neither base64 nor hex; `otp-sidecar keygen` prints a good one")?);
    if bytes.len() < SHORTEST {
        return Err(format!("decodes to {} bytes; at least {SHORTEST} random ones are needed", bytes.len()));
    }
    Ok(SecretSlice::from(bytes.to_vec()))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks_exact(2);
    if !digits.remainder().is_empty() {
        return None;
    }
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
