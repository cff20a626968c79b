//! More codes of one subject than may be compared at once.

use std::{ffi::OsString, sync::Arc};

use super::LAPSED_WITHIN;
use crate::support::{Rig, client::fresh_ip, keys, scheme::both, wait, wrong_code_than};
use base64::prelude::{BASE64_STANDARD, Engine};
use otp_sidecar::{
    config::Config,
    metrics::Metrics,
    policy::Outcome,
    secret::{AuditKey, IndexKey, Pepper, PepperRing, id::IdSealer},
    store::{
        Answer, CallKeys, Durability, Fingerprints, Server, Store, StoreOptions, check::CodeFormat, target::Target,
    },
};
use serde_json::json;

/// `CLAIMS_MAX` of `lua/lib/claims.lua`.
const AT_ONCE: usize = 200;
const SETTINGS: [(&str, &str); 3] =
    [("MAX_FAILED_VERIFICATIONS_PER_OTP", "1000"), ("OTP_MAX_CONSECUTIVE_FAILURES", "0"), ("OTP_ALLOW_WEAK", "true")];

/// Charges as many guesses at this verification as may be compared at once, and settles none.
async fn fill(rig: &Rig, id: &str) {
    let variables = SETTINGS.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let (config, _) = Config::from_env(variables).expect("sound settings");
    let server = Server::parse(&rig.redis.sidecars_url()).expect("an address");
    let options = StoreOptions { server: &server, timeout: LAPSED_WITHIN, durability: Durability::default() };
    let store = Arc::new(Store::new(options, &config.policy, "test", Arc::new(Metrics::new().unwrap())).unwrap());
    let bytes = |secret: &str| BASE64_STANDARD.decode(secret).expect("base64");
    let index = IndexKey::new(&bytes(keys::INDEX_KEY));
    let peppers = [Pepper { kid: String::new(), value: bytes(keys::PEPPER).into() }];
    let kids = PepperRing::new(&peppers).expect("a pepper").kids();
    let audit = AuditKey::from_index_key(&bytes(keys::INDEX_KEY)).fingerprint();
    let ours = Fingerprints { index: index.fingerprint(), audit, peppers: kids.clone() };
    store.examine(&ours).await.expect("a store");
    let id = IdSealer::new(&index).open(keys::TENANT, id).expect("one of ours");
    let target = Target {
        subject: id.reference,
        purpose: &id.purpose,
        tag: index.purpose(&id.purpose),
        spelling: id.spelling,
        issue: Some((id.generation, id.forgotten_at())),
    };
    let form = CodeFormat { length: id.length, matches_policy: true, of_alphabet: true, alphabet: id.alphabet };
    for n in 0..AT_ONCE {
        let operation = (n as u64).to_be_bytes();
        let claimed = store.claim(&target, form, &kids, &operation, &CallKeys::default(), b"0123456789abcdef").await;
        let Answer::New(claimed) = claimed.expect("an answer") else { panic!("not decided") };
        assert_eq!(claimed.checked.outcome, Outcome::Claimed, "{n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_more_than_may_be_compared_at_once_is_told_to_come_again_and_costs_nothing() {
    both(async |scheme| {
        // Also under `hmac`, where the code was stored the other way before.
        let slow = Rig::unlimited(&[&SETTINGS, crate::support::scheme::CHEAP].concat());
        let rig = slow.another(&[&SETTINGS, scheme].concat());
        let client = rig.client();
        let issued = slow.client.issue("ada").await;
        fill(&slow, &issued.id).await;
        for code in [wrong_code_than(&issued.code), issued.code.clone()] {
            for body in [json!({"id": issued.id}), json!({"subject": "ada"})] {
                let mut body = body;
                (body["code"], body["ip"]) = (json!(code), json!(fresh_ip()));
                let refused = client.check_body(body.clone()).await.refused(409, "request_in_progress");
                assert!(!refused.str("detail").contains("Idempotency-Key"), "{refused:?}");
                // Under a key it is not remembered: the same key may ask again.
                let keyed = client.clone().with_header("idempotency-key", "again");
                keyed.check_body(body).await.refused(409, "request_in_progress");
            }
        }
        assert_eq!(slow.counted("ada").await.0, AT_ONCE as u64, "nothing more was charged");
        let right = json!({"id": issued.id, "code": issued.code, "ip": fresh_ip()});
        let keyed = client.clone().with_header("idempotency-key", "at-last");
        let approved = || async { Some(keyed.check_body(right.clone()).await).filter(|answer| answer.status == 200) };
        wait::until_async("the claims to lapse", LAPSED_WITHIN, approved).await.approved();
    })
    .await;
}
