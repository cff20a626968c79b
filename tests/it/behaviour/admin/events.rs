//! Events as operators see them.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{SOON, admin, events, rig, viewer};
use crate::support::{Fault, Proxy, Redis, Sidecar, keys, rig::UNLIMITED, wait};

/// The identity of an event.
fn identity(event: &Value) -> String {
    format!("{}-{}-{}", event["bucket"], event["epoch"], event["seq"])
}

async fn page(sidecar: &Sidecar, query: &str) -> (Vec<Value>, String) {
    let page = viewer(sidecar).get(&format!("/admin/v1/events{query}")).await.is(200).body;
    (page["events"].as_array().expect("a list").clone(), page["next_cursor"].as_str().expect("a cursor").to_owned())
}

#[tokio::test]
async fn they_tell_whom_they_are_about_as_long_as_that_is_known() {
    let rig = rig(&[]);
    let body =
        json!({"subject": "Ann@example.com", "ip": "203.0.113.9", "user_agent": "Mozilla/5.0", "device_id": "d7"});
    let sent = rig.client.send_body(body).await.is(201);
    rig.client.cancel(sent.str("id")).await.is(200);
    let told = events(&rig.sidecar, "send", 1).await;
    let who =
        json!({"subject": "Ann@example.com", "ip": "203.0.113.9", "user_agent": "Mozilla/5.0", "device_id": "d7"});
    assert_eq!(told[0]["who"], who);
    assert_eq!((&told[0]["outcome"], told[0].get("sealed")), (&json!("issued"), None));
    // A call by an id names nobody; the reference does.
    let canceled = events(&rig.sidecar, "cancel", 1).await;
    assert_eq!(canceled[0]["who"], json!({"subject": "Ann@example.com"}));
}

/// However many streams there are, and however far Redis is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_read_in_one_round() {
    const FAR: Duration = Duration::from_millis(40);
    let redis = Redis::start();
    let proxy = Proxy::start(&redis);
    let builder = Sidecar::builder().set("REDIS_URL", &proxy.url()).set("OTP_VIEWER_KEYS", &keys::viewer_keys());
    let sidecar = builder.set_all(&UNLIMITED).start();
    for n in 0..20 {
        sidecar.client().issue(&format!("user{n}")).await;
    }
    events(&sidecar, "send", 20).await;
    let (_, next) = page(&sidecar, "?limit=1").await;
    proxy.set(Fault::Delay(FAR));
    for query in ["?limit=50".to_owned(), format!("?limit=50&after={next}")] {
        // The clock, the event that somebody looked, the lines, whom they are about; there are 192 streams. A machine that is
        // busy takes some of it now and then, more rounds would always.
        let mut least = Duration::MAX;
        for _ in 0..5 {
            // What was read is told for a second.
            tokio::time::sleep(Duration::from_millis(1100)).await;
            let begun = Instant::now();
            page(&sidecar, &query).await;
            least = least.min(begun.elapsed());
            if least < 20 * FAR {
                break;
            }
        }
        println!("{least:?} for {query}");
        assert!(least < 20 * FAR, "{least:?} for {query}");
    }
}

#[tokio::test]
async fn whoever_follows_sees_each_once_and_none_less() {
    let rig = rig(&[]);
    let other = rig.another(&[]);
    let (first, mut cursor) = page(&rig.sidecar, "?limit=1").await;
    let mut seen: BTreeSet<String> = first.iter().map(identity).collect();
    let clients = [rig.client.clone(), other.client()];
    let work = async {
        for n in 0..150 {
            clients[n % 2].issue(&format!("user{n}")).await;
        }
    };
    let follow = async {
        let mut sends = 0;
        while sends < 150 {
            let (events, next) = page(&rig.sidecar, &format!("?limit=3&after={cursor}")).await;
            assert!(events.len() <= 3);
            for event in events {
                assert!(seen.insert(identity(&event)), "{event} came twice");
                sends += u64::from(event["type"] == "send");
            }
            cursor = next;
        }
        sends
    };
    let sends = tokio::time::timeout(SOON, async { tokio::join!(work, follow).1 }).await.expect("all of them");
    assert_eq!(sends, 150);
}

#[tokio::test]
async fn the_newest_come_first_to_mind_and_types_can_be_picked() {
    let rig = rig(&[]);
    rig.lock_out("ada").await;
    for n in 0..20 {
        rig.client.issue(&format!("user{n}")).await;
    }
    let lockouts = events(&rig.sidecar, "lockout,disable", 1).await;
    assert_eq!((lockouts.len(), &lockouts[0]["who"]["subject"]), (1, &json!("ada")));
    let all = events(&rig.sidecar, "send", 21).await;
    assert!(all.iter().all(|event| event["type"] == "send"));
    let (newest, _) = page(&rig.sidecar, "?limit=5&type=send").await;
    assert_eq!(newest.iter().map(identity).collect::<Vec<_>>(), all[16..].iter().map(identity).collect::<Vec<_>>());
}

#[tokio::test]
async fn looking_leaves_an_event_too_but_is_not_among_what_is_seen() {
    let rig = rig(&[]);
    viewer(&rig.sidecar).get("/admin/v1/locks").await.is(200);
    viewer(&rig.sidecar).get("/admin/v1/report").await.is(200);
    super::inspect(&rig.sidecar, "ada").await;
    page(&rig.sidecar, "").await;
    let told = events(&rig.sidecar, "admin.locks,admin.report,admin.inspect", 3).await;
    assert!(told.iter().all(|event| event["actor"] == "desk"), "{told:?}");
    let lines = || {
        let lines = rig.sidecar.event_lines();
        let looks = lines.iter().filter(|line| line.contains("\"admin.events\"") && line.contains("\"desk\"")).count();
        (looks > 0).then_some(())
    };
    wait::until("the looks in the trail", SOON, lines);
    let (seen, _) = page(&rig.sidecar, "").await;
    assert!(seen.iter().all(|event| event["type"] != "admin.events"), "{seen:?}");
}

/// A tab that follows the events would else leave one each second.
#[tokio::test]
async fn further_looks_of_the_same_operator_are_counted_into_one_event() {
    let mut rig = rig(&[]);
    for _ in 0..20 {
        page(&rig.sidecar, "").await;
        viewer(&rig.sidecar).get("/admin/v1/locks").await.is(200);
    }
    admin(&rig.sidecar).get("/admin/v1/locks").await.is(200);
    assert!(rig.sidecar.terminate().0.success());
    let lines = rig.sidecar.all_event_lines();
    let all: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let counts = |kind: &str, actor: &str| -> Vec<Option<u64>> {
        let of = all.iter().filter(|event| event["type"] == kind && event["actor"] == actor);
        of.map(|event| event["count"].as_u64()).collect()
    };
    for kind in ["admin.events", "admin.locks"] {
        assert_eq!(counts(kind, "desk"), [None, Some(19)], "{kind}");
    }
    assert_eq!(counts("admin.locks", "ops"), [None]);
}

#[tokio::test]
async fn no_act_goes_untold_when_its_event_cannot_be_written() {
    let rig = rig(&[]);
    rig.redis.cli(&["CONFIG", "SET", "min-replicas-to-write", "9"]);
    for path in ["/admin/v1/locks", "/admin/v1/events", "/admin/v1/report"] {
        let told = viewer(&rig.sidecar).get(path).await.refused(503, "store_unavailable");
        assert!(told.str("detail").contains("nothing can be shown"), "{told:?}");
    }
    let body = json!({"subject": "ada", "tenant": "shop", "minutes": 5, "reason": "x"});
    let told = admin(&rig.sidecar).post("/admin/v1/lock", &body).await.refused(503, "store_unavailable");
    assert!(told.str("detail").contains("whether this was done is unknown"), "{told:?}");
    rig.redis.cli(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
    assert_eq!(rig.client.status("ada").await["locked"], json!(false));
}
