//! Who may do what, and at which door.

use hyper::Method;
use serde_json::{Value, json};

use super::{admin, rig, viewer};
use crate::support::{Client, Redis, Sidecar, keys};

const LOOKS: [&str; 5] =
    ["/admin/v1/locks", "/admin/v1/stats", "/admin/v1/events", "/admin/v1/report", "/admin/v1/config"];
const INSPECT: &str = "/admin/v1/subjects/inspect";

/// Calls that change something, each with a body that would do it.
fn acts() -> [(&'static str, Value); 2] {
    let whom = json!({"subject": "ada", "tenant": keys::TENANT, "reason": "a test"});
    let mut lock = whom.clone();
    lock["minutes"] = json!(5);
    [("/admin/v1/unlock", whom), ("/admin/v1/lock", lock)]
}

fn whom() -> Value {
    json!({"subject": "ada", "tenant": keys::TENANT})
}

#[tokio::test]
async fn without_an_operators_key_nothing_is_shown_and_nothing_done() {
    let rig = rig(&[]);
    let nobody = Client::new(rig.sidecar.admin().clone());
    for client in
        [nobody.clone(), nobody.clone().with_key(keys::KEY), nobody.with_key("no-such-key-0123456789-0123456789")]
    {
        for path in LOOKS {
            client.get(path).await.refused(401, "unauthenticated");
        }
        client.post(INSPECT, &whom()).await.refused(401, "unauthenticated");
        for (path, body) in acts() {
            client.post(path, &body).await.refused(401, "unauthenticated");
        }
    }
    assert_eq!(rig.client.status("ada").await["locked"], json!(false));
}

#[tokio::test]
async fn a_viewer_looks_and_does_nothing_and_an_admin_does_both() {
    let rig = rig(&[]);
    for client in [viewer(&rig.sidecar), admin(&rig.sidecar)] {
        for path in LOOKS {
            client.get(path).await.is(200);
        }
        client.post(INSPECT, &whom()).await.is(200);
    }
    for (path, body) in acts() {
        viewer(&rig.sidecar).post(path, &body).await.refused(403, "forbidden");
        // Whoever may not do it is not told what would be wrong with it either.
        viewer(&rig.sidecar).post_text(path, "{").await.refused(403, "forbidden");
    }
    assert_eq!(rig.client.status("ada").await["locked"], json!(false));
    for (path, body) in acts() {
        admin(&rig.sidecar).post(path, &body).await.is(200);
    }
}

#[tokio::test]
async fn the_operators_doors_are_on_their_listener_alone_and_the_apps_on_its() {
    let rig = rig(&[]);
    let strange = rig.client.clone().with_key(keys::ADMIN_KEY);
    for path in LOOKS {
        rig.client.get(path).await.refused(404, "not_found");
        strange.get(path).await.refused(404, "not_found");
    }
    for (path, body) in acts() {
        strange.post(path, &body).await.refused(404, "not_found");
    }
    admin(&rig.sidecar).send("ada").await.refused(404, "not_found");
    admin(&rig.sidecar).post("/v1/status", &json!({"subject": "ada"})).await.refused(404, "not_found");
    admin(&rig.sidecar).get("/admin/v1/nothing").await.refused(404, "not_found");
}

#[tokio::test]
async fn each_call_takes_its_method_its_parameters_and_its_fields_and_no_others() {
    let rig = rig(&[]);
    let admin = admin(&rig.sidecar);
    for path in LOOKS {
        let refusal = admin.call(Method::POST, path).await.refused(405, "method_not_allowed");
        assert_eq!(refusal.header("allow"), Some("GET, HEAD"));
        admin.get(&format!("{path}?nonsense=1")).await.refuses_field("nonsense");
    }
    for (path, mut body) in acts().into_iter().chain([(INSPECT, whom())]) {
        admin.get(path).await.refused(405, "method_not_allowed");
        admin.post(&format!("{path}?nonsense=1"), &body).await.refuses_field("nonsense");
        body["nonsense"] = json!(1);
        admin.post(path, &body).await.refuses_field("nonsense");
    }
    for (query, field) in [
        ("locks?limit=0", "limit"),
        ("locks?limit=1001", "limit"),
        ("locks?limit=1&limit=2", "limit"),
        ("locks?cursor=nonsense", "cursor"),
        ("events?after=nonsense", "after"),
        ("events?type=lockout,nonsense", "type"),
        ("report?since=yesterday", "since"),
        ("report?since=32d", "since"),
        ("report?since=5m", "since"),
    ] {
        admin.get(&format!("/admin/v1/{query}")).await.refuses_field(field);
    }
}

#[tokio::test]
async fn without_any_key_only_this_machine_is_answered_and_the_actor_is_local() {
    let redis = Redis::start();
    let sidecar = Sidecar::builder().on(&redis).unset("OTP_ADMIN_KEYS").start();
    let anyone = Client::new(sidecar.admin().clone());
    let (path, body) = &acts()[1];
    anyone.clone().with_header("host", "evil.example").post(path, body).await.refused(403, "forbidden");
    anyone.clone().with_header("host", "evil.example").get("/admin/v1/locks").await.refused(403, "forbidden");
    anyone.post(path, body).await.is(200);
    let look = || async {
        let page = anyone.get("/admin/v1/events?type=admin.lock").await.is(200).body;
        page["events"].as_array()?.first().cloned()
    };
    let event = crate::support::wait::until_async("the event", super::SOON, look).await;
    assert_eq!((&event["actor"], &event["who"]["subject"]), (&json!("local"), &json!("ada")));
}

#[tokio::test]
async fn the_log_names_the_actor_and_no_subject() {
    let rig = rig(&[]);
    // A name of letters that no hexadecimal number has.
    let body = json!({"subject": "lovelace", "tenant": keys::TENANT, "minutes": 5, "reason": "a test"});
    admin(&rig.sidecar).post("/admin/v1/lock", &body).await.is(200);
    let line = || {
        let lines = rig.sidecar.log_lines();
        lines.into_iter().find(|line| line.contains("\"admin_lock\""))
    };
    let line = crate::support::wait::until("the line", super::SOON, line);
    assert!(line.contains("\"actor\":\"ops\"") && !line.contains("lovelace") && !line.contains("a test"), "{line}");
}

#[tokio::test]
async fn what_is_in_force_is_shown_without_a_secret() {
    let rig = rig(&[("OTP_LENGTH", "8")]);
    let config = viewer(&rig.sidecar).get("/admin/v1/config").await.is(200);
    assert_eq!((&config.body["OTP_LENGTH"], &config.body["OTP_ADMIN_KEYS"]), (&json!(8), &json!("set (1 key)")));
    for secret in [keys::KEY, keys::ADMIN_KEY, keys::VIEWER_KEY, keys::PEPPER, keys::INDEX_KEY] {
        assert!(!config.text.contains(secret), "{}", config.text);
    }
}

#[tokio::test]
async fn without_names_the_reason_of_an_act_is_kept_and_nobody_is_named() {
    let rig = rig(&[("OTP_AUDIT_NAMES", "false")]);
    let (path, body) = &acts()[1];
    admin(&rig.sidecar).post(path, body).await.is(200);
    let told = super::events(&rig.sidecar, "admin.lock", 1).await;
    assert_eq!(told[0]["who"], json!({"reason": "a test"}));
    let locks = viewer(&rig.sidecar).get("/admin/v1/locks").await.is(200).body;
    assert_eq!((&locks["locks"][0]["subject"], &locks["locks"][0]["tenant"]), (&Value::Null, &Value::Null));
}
