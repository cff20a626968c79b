//! Requests as Standard Webhooks 1.0.0 has them, signed over id, time and body by each of the keys.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::{Request, body::Bytes, header::CONTENT_TYPE};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde_json::{Value, json};
use sha2::Sha256;
use zeroize::Zeroizing;

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

    /// A POST to this path, which tells what of `kind` happened at `timestamp` (RFC 3339); `id` is the same whenever it
    /// is told.
    ///
    /// # Errors
    /// If there can be no such path or id.
    pub fn post(
        &self,
        path: &str,
        id: &str,
        kind: &str,
        timestamp: &str,
        data: &Value,
    ) -> hyper::http::Result<Request<Full<Bytes>>> {
        let body = json!({"type": kind, "timestamp": timestamp, "data": data});
        let body = Zeroizing::new(body.to_string().into_bytes());
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Request::post(path)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", self.sign(id, seconds, &body))
            .body(Full::new(Bytes::from_owner(body)))
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
