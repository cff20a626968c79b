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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_per_limit() {
        let mut headers = HeaderMap::new();
        let gauge = |name, max, window, left, reset| Gauge { name, max, window, left, reset };
        add(&mut headers, &[gauge("subject", 3, 3600, 2, 3600), gauge("cooldown", 1, 60, 0, 60)]);
        assert_eq!(headers["ratelimit-policy"], "\"subject\";q=3;w=3600, \"cooldown\";q=1;w=60");
        assert_eq!(headers["ratelimit"], "\"subject\";r=2;t=3600, \"cooldown\";r=0;t=60");
        add(&mut HeaderMap::new(), &[]);
    }
}
