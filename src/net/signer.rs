//! Signatures of requests, as Standard Webhooks 1.0.0 has them: over id, time and body, by each of the keys.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;

/// Bytes of a key.
const KEY: std::ops::RangeInclusive<usize> = 24..=64;

/// Signs with one key, or with several while they are rotated.
#[derive(Debug)]
pub struct Signer(Vec<SecretSlice<u8>>);

impl Signer {
    /// Reads `whsec_…`, or several of them with commas between.
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence, and nothing of a key.
    pub fn parse(list: &str) -> Result<Self, &'static str> {
        let key = |text: &str| {
            let bytes = STANDARD.decode(text.trim().strip_prefix("whsec_")?).ok()?;
            KEY.contains(&bytes.len()).then(|| bytes.into())
        };
        let keys: Option<Vec<_>> = list.split(',').map(key).collect();
        keys.map(Self).ok_or("must be `whsec_` and 24 to 64 bytes in base64, or several such with commas between")
    }

    /// What stands in `webhook-signature`; `time` is in seconds since 1970.
    pub fn sign(&self, id: &str, time: u64, body: &[u8]) -> String {
        let signed = |key: &SecretSlice<u8>| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret()).ok()?;
            [id.as_bytes(), b".", time.to_string().as_bytes(), b".", body].iter().for_each(|part| mac.update(part));
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        };
        self.0.iter().filter_map(signed).collect::<Vec<_>>().join(" ")
    }
}
