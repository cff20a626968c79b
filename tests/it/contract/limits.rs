//! 429: every limit is reached, and each call is refused by those that the document names for it, and by no other.

use std::collections::{BTreeMap, BTreeSet};

use hyper::{Method, body::Bytes};
use serde_json::{Value, json};

use super::document::{Documented, listeners};
use crate::{
    sms::{self, provider::Provider},
    support::{Rig, wrong_code_than},
};

const SUBJECT: &str = "ann@example.com";
const IP: &str = "203.0.113.7";

/// Every limit, and settings under which one send or one wrong code reaches it.
const LIMITS: [(&str, &[(&str, &str)]); 6] = [
    ("resend_cooldown", &[("RESEND_COOLDOWN_SECONDS", "60")]),
    ("quota_subject", &[("MAX_ATTEMPTS_PER_USER_PER_HOUR", "1")]),
    ("quota_ip", &[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "1")]),
    ("subject_locked", &[("MAX_FAILED_VERIFICATIONS_PER_OTP", "1"), ("OTP_MAX_CONSECUTIVE_FAILURES", "0")]),
    ("ip_blocked", &[("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "1")]),
    ("subject_disabled", &[("MAX_FAILED_VERIFICATIONS_PER_OTP", "1"), ("OTP_MAX_CONSECUTIVE_FAILURES", "1")]),
];

/// A body with all that a call may need to be decided about [`SUBJECT`] and its verification.
fn body(one: &Documented<'_>, id: &str) -> Bytes {
    let Some(mut body) = one.example() else { return Bytes::new() };
    for (name, value) in [("subject", SUBJECT), ("purpose", "login"), ("ip", IP), ("id", id)] {
        if body.get(name).is_some() {
            body[name] = json!(value);
        }
    }
    Bytes::from(body.to_string())
}

#[tokio::test]
async fn each_call_is_refused_by_the_limits_that_the_document_names() {
    let [app, _] = listeners();
    let mut seen: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    let operations = app.operations();
    for (limit, variables) in LIMITS {
        let rig = Rig::unlimited(variables);
        let issued = rig.client.send_body(json!({"subject": SUBJECT, "ip": IP})).await.is(201);
        let (id, wrong) = (issued.str("id"), wrong_code_than(issued.str("code")));
        rig.client.check_body(json!({"id": id, "code": wrong, "ip": IP})).await.is(200);
        for one in &operations {
            let method: Method = one.method.parse().expect("a method");
            let mut answer = rig.client.try_call(method, &one.path_of(id), body(one, id)).await.expect("an answer");
            if answer.status == 429 {
                assert_eq!(answer.body["code"], limit, "{}: {answer:?}", one.path);
                let Value::String(code) = answer.body["code"].take() else { panic!("no code") };
                seen.entry((one.path, &one.method)).or_default().insert(code);
            }
        }
    }
    // Of where a code goes, which those do not name that the caller delivers.
    for (limit, variable) in
        [("quota_recipient", "OTP_SENDS_PER_RECIPIENT_PER_HOUR"), ("quota_destination", "OTP_PHONE_BUDGET")]
    {
        let provider = Provider::start();
        let rig = sms::rig(&provider, &[("SMS", "200")], &[(variable, "1")]);
        let to = |subject: &str| json!({"subject": subject, "channel": "sms", "to": sms::ANN, "ip": IP});
        rig.client.send_body(to("one")).await.is(201);
        rig.client.send_body(to("two")).await.refused(429, limit);
        seen.entry(("/v1/verifications", "POST")).or_default().insert(limit.to_owned());
    }
    for one in &operations {
        let documented: BTreeSet<String> = app.codes(one, 429).into_iter().map(str::to_owned).collect();
        let refused = seen.remove(&(one.path, &*one.method)).unwrap_or_default();
        assert_eq!(documented, refused, "{} {}", one.method, one.path);
    }
}
