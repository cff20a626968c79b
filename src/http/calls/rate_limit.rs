//! `RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers (version 10) writes them: lists of
//! structured fields (RFC 9651), one item per limit that is on.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::policy::Gauge;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// Bytes that nearly every list fits.
const USUAL: usize = 128;

/// Adds both headers; nothing where no limit is on.
pub fn add(headers: &mut HeaderMap, gauges: &[Gauge]) {
    if gauges.is_empty() {
        return;
    }
    let (mut policy, mut state) = (Vec::with_capacity(USUAL), Vec::with_capacity(USUAL));
    for Gauge { name, max, window, left, reset } in gauges {
        item(&mut policy, name, [(b";q=", (*max).into()), (b";w=", *window)]);
        item(&mut state, name, [(b";r=", (*left).into()), (b";t=", *reset)]);
    }
    for (name, value) in [(POLICY, policy), (STATE, state)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

fn item(list: &mut Vec<u8>, name: &str, parameters: [(&[u8; 3], u64); 2]) {
    if !list.is_empty() {
        list.extend_from_slice(b", ");
    }
    list.push(b'"');
    list.extend_from_slice(name.as_bytes());
    list.push(b'"');
    for (parameter, value) in parameters {
        list.extend_from_slice(parameter);
        // A number, and into memory: it cannot fail.
        _ = serde_json::to_writer(&mut *list, &value);
    }
}
