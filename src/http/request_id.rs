//! What names a request in logs, answers and events: `X-Request-Id` and the trace it belongs to.

use std::fmt::{self, Write as _};

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

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
        let mut text = String::with_capacity(36);
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            (id >> 96) as u32,
            (id >> 80) as u16,
            (id >> 64) as u16,
            (id >> 48) as u16,
            id & 0xffff_ffff_ffff
        );
        Self(HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("unnamed")))
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
    let version = parts.next().filter(|v| hex(v, 2) && *v != "ff")?;
    let trace = parts.next().filter(|v| hex(v, 32) && v.bytes().any(|b| b != b'0'))?;
    let _parent = parts.next().filter(|v| hex(v, 16) && v.bytes().any(|b| b != b'0'))?;
    let _flags = parts.next().filter(|v| hex(v, 2))?;
    // Version 00 ends here; only a later one may go on.
    if version == "00" && parts.next().is_some() { None } else { Some(trace) }
}

fn hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: HeaderName, value: &[u8]) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_bytes(value).unwrap())])
    }

    #[test]
    fn the_callers_id_is_kept_when_it_is_visible_ascii() {
        for id in ["a", "req-42/ü".trim_end_matches("/ü"), "!~", &"x".repeat(64)] {
            assert_eq!(RequestId::read(&one(X_REQUEST_ID, id.as_bytes()), || 7).as_str(), id);
        }
    }

    #[test]
    fn any_other_id_is_replaced() {
        let made = RequestId::new(7);
        for id in [&b""[..], b"a b", b"\xc3\xbc", b"a\tb", &[b'x'; 65]] {
            assert_eq!(RequestId::read(&one(X_REQUEST_ID, id), || 7), made, "{id:?}");
        }
        let mut twice = one(X_REQUEST_ID, b"a");
        twice.append(X_REQUEST_ID, HeaderValue::from_static("b"));
        assert_eq!(RequestId::read(&twice, || 7), made);
        assert_eq!(RequestId::read(&HeaderMap::new(), || 7), made);
    }

    #[test]
    fn a_new_id_is_a_version_4_uuid() {
        assert_eq!(RequestId::new(0).as_str(), "00000000-0000-4000-8000-000000000000");
        assert_eq!(RequestId::new(u128::MAX).as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(
            RequestId::new(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef).as_str(),
            "01234567-89ab-4def-8123-456789abcdef"
        );
    }

    #[test]
    fn a_trace_is_read_only_from_a_valid_traceparent() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let rest = "00f067aa0ba902b7-01";
        for valid in [format!("00-{trace}-{rest}"), format!("cc-{trace}-{rest}-what-the-future-holds")] {
            assert_eq!(trace_id(&one(TRACEPARENT, valid.as_bytes())), Some(trace), "{valid}");
        }
        let zeros = "0".repeat(32);
        for invalid in [
            format!("00-{zeros}-{rest}"),
            format!("00-{trace}-0000000000000000-01"),
            format!("ff-{trace}-{rest}"),
            format!("00-{trace}-{rest}-more"),
            format!("00-{}-{rest}", trace.to_uppercase()),
            format!("00-{trace}-{}", rest.trim_end_matches("-01")),
            format!("0-{trace}-{rest}"),
            String::new(),
        ] {
            assert_eq!(trace_id(&one(TRACEPARENT, invalid.as_bytes())), None, "{invalid}");
        }
        assert_eq!(trace_id(&HeaderMap::new()), None);
    }
}
