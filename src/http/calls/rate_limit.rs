//! `RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers (version 10) writes them: lists of
//! structured fields (RFC 9651), one item per limit that is on.

use std::fmt::Write;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::policy::Gauge;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// Adds both headers; nothing where no limit is on.
pub fn add(headers: &mut HeaderMap, gauges: &[Gauge]) {
    if gauges.is_empty() {
        return;
    }
    let (mut policy, mut state) = (String::with_capacity(64), String::with_capacity(64));
    for gauge in gauges {
        let comma = if policy.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(policy, "{comma}\"{}\";q={};w={}", gauge.name, gauge.max, gauge.window);
        let _ = write!(state, "{comma}\"{}\";r={};t={}", gauge.name, gauge.left, gauge.reset);
    }
    for (name, value) in [(POLICY, policy), (STATE, state)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}
