//! `RateLimit-Policy` and `RateLimit`, as in the IETF's draft.

use std::collections::BTreeMap;

use crate::support::{Answer, Rig};

type Items = BTreeMap<String, BTreeMap<String, u64>>;

/// `"subject";q=3;w=3600, "ip";q=5;w=3600`
fn items(answer: &Answer, header: &str) -> Items {
    let text = answer.header(header).unwrap_or_default();
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(item).collect()
}

fn item(text: &str) -> (String, BTreeMap<String, u64>) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().and_then(|name| name.strip_prefix('"')?.strip_suffix('"')).expect("a quoted name");
    let parameters = parts.map(|part| {
        let (key, value) = part.split_once('=').expect("key=value");
        (key.to_owned(), value.parse().unwrap_or_else(|_| panic!("no whole number: {text}")))
    });
    (name.to_owned(), parameters.collect())
}

#[tokio::test]
async fn a_send_tells_each_limit_that_is_on_and_what_is_left_of_it() {
    let rig = Rig::start(&[]);
    let sent = rig.client.send("ada").await.is(201);
    assert!(sent.header("ratelimit-policy").is_some_and(|all| all.contains("\"subject\";q=3;w=3600")), "{sent:?}");
    let (policies, limits) = (items(&sent, "ratelimit-policy"), items(&sent, "ratelimit"));
    assert!(policies.values().any(|policy| (policy["q"], policy["w"]) == (5, 3600)), "the address: {policies:?}");
    assert!(limits.keys().all(|name| policies.contains_key(name)), "{limits:?} of {policies:?}");
    let subject = &limits["subject"];
    assert_eq!(subject["r"], 2);
    assert!(subject.get("t").is_none_or(|t| *t <= 3600), "{subject:?}");
}

#[tokio::test]
async fn what_is_left_falls_to_nothing_and_a_refusal_tells_it_too() {
    let rig = Rig::start(&[("RESEND_COOLDOWN_SECONDS", "0")]);
    for left in [2, 1, 0] {
        assert_eq!(items(&rig.client.send("ada").await.is(201), "ratelimit")["subject"]["r"], left);
    }
    let refusal = rig.client.send("ada").await.refused(429, "quota_subject");
    assert_eq!(items(&refusal, "ratelimit")["subject"]["r"], 0);
    assert_eq!(items(&refusal, "ratelimit-policy")["subject"]["q"], 3);
}

#[tokio::test]
async fn a_limit_that_is_off_is_not_told() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "off")]);
    let policies = items(&rig.client.send("ada").await.is(201), "ratelimit-policy");
    assert!(policies.contains_key("subject") && policies.values().all(|policy| policy["q"] != 5), "{policies:?}");
    let open = Rig::unlimited(&[]);
    let policies = items(&open.client.send("ada").await.is(201), "ratelimit-policy");
    assert!(!policies.contains_key("subject"), "{policies:?}");
}

#[tokio::test]
async fn a_window_of_the_operators_choice_shows() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_USER_PER_HOUR", "7/10m")]);
    let policies = items(&rig.client.send("ada").await.is(201), "ratelimit-policy");
    assert_eq!((policies["subject"]["q"], policies["subject"]["w"]), (7, 600));
}

#[tokio::test]
async fn a_check_carries_them_as_well() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    for code in [crate::support::wrong_code_than(&issued.code), issued.code] {
        let answer = rig.client.check_id(&issued.id, &code).await.is(200);
        let (policies, limits) = (items(&answer, "ratelimit-policy"), items(&answer, "ratelimit"));
        assert!(!limits.is_empty() && limits.keys().all(|name| policies.contains_key(name)), "{limits:?}");
    }
}
