//! What names a request in logs, answers and events: `X-Request-Id` and the trace it belongs to.

use std::fmt;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::secret::hex;

/// `X-Request-Id`, asked and answered.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// W3C Trace Context's header.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Longest id that is taken over from a caller, in characters.
const LONGEST: usize = 64;

/// The id of one request: the caller's, if it is 1–64 visible ASCII characters, else a new one. Cloning is cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// Reads the id that the caller sent; several, or one that is too long or not visible ASCII, count as none, and the
    /// id is made of `random`.
    pub fn read(headers: &HeaderMap, random: impl FnOnce() -> u128) -> Self {
        let mut sent = headers.get_all(X_REQUEST_ID).iter();
        match (sent.next(), sent.next()) {
            (Some(id), None) if acceptable(id.as_bytes()) => Self(id.clone()),
            _ => Self::new(random()),
        }
    }

    /// An id of our own: `random` in the form of a version 4 UUID (RFC 9562 §5.4), 36 characters.
    pub fn new(random: u128) -> Self {
        let id = random & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let digits = hex(&id.to_be_bytes());
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part).unwrap_or_default());
        Self(HeaderValue::try_from(parts.join("-")).unwrap_or_else(|_| HeaderValue::from_static("unnamed")))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id as the value of [`X_REQUEST_ID`].
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn acceptable(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// The trace id (32 lower-case hexadecimal digits) of a valid `traceparent` (W3C Trace Context level 1, §3.2). Several
/// headers, the forbidden version `ff` and ids of zeros only are not valid; later versions are read as far as known.
pub fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let mut sent = headers.get_all(TRACEPARENT).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else { return None };
    let mut parts = value.to_str().ok()?.split('-');
    let version = parts.next().filter(|v| is_hex(v, 2) && *v != "ff")?;
    let trace = parts.next().filter(|v| is_hex(v, 32) && v.bytes().any(|b| b != b'0'))?;
    let _parent = parts.next().filter(|v| is_hex(v, 16) && v.bytes().any(|b| b != b'0'))?;
    let _flags = parts.next().filter(|v| is_hex(v, 2))?;
    // Version 00 ends here; only a later one may go on.
    if version == "00" && parts.next().is_some() { None } else { Some(trace) }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
