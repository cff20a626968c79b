//! The pictures of the console in the documents: drawn by `make pictures` with the browser.

use std::{fs, time::SystemTime};

use otp_sidecar::{
    event::{Bucket, Kind},
    policy::Outcome,
    store::{key::OfTime, tally::TWELFTH},
};
use serde_json::json;

use super::{browse, nothing_is_asked};
use crate::{
    behaviour::admin::{admin, events, rig},
    deploy::daemon::{deployed, read},
    support::{Redis, client::nth_wrong_code, keys},
};

/// In light, dark, and as wide as a phone.
const PICTURES: [&str; 3] = ["light", "dark", "phone"];

#[test]
fn the_documents_show_it() {
    let page = read("docs/operate.md");
    for name in PICTURES {
        assert!(page.contains(&format!("](../console/{name}.png)")), "{name}");
        let picture = fs::read(deployed("console").join(format!("{name}.png"))).expect("`make pictures` draws it");
        assert!(picture.starts_with(b"\x89PNG") && picture.len() < 200_000, "{name}: {} bytes", picture.len());
    }
}

/// An hour like any other, which went before: what there was in each five minutes, of an event and how it ended.
const BEFORE: [(Kind, Outcome, [u64; 12]); 4] = [
    (Kind::Send, Outcome::Issued, [61, 58, 66, 72, 69, 75, 83, 80, 77, 86, 91, 88]),
    (Kind::Check, Outcome::Approved, [49, 47, 55, 58, 56, 60, 69, 66, 61, 70, 75, 72]),
    (Kind::Check, Outcome::WrongCode, [7, 9, 6, 8, 11, 9, 7, 12, 31, 44, 26, 14]),
    (Kind::Send, Outcome::QuotaIp, [0, 1, 0, 2, 1, 0, 3, 2, 18, 27, 15, 5]),
];

fn count_before(redis: &Redis) {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64 / TWELFTH;
    let (bucket, mut pipe) = (Bucket::all().next().expect("a bucket"), redis::pipe());
    for (kind, outcome, counts) in BEFORE {
        for (twelfth, count) in (now - 12..).zip(counts) {
            let field = |part: u64| [part as u8, kind as u8, outcome as u8];
            pipe.cmd("HINCRBY")
                .arg(OfTime::Hour.key(bucket, twelfth / 12))
                .arg(&field(twelfth % 12))
                .arg(count)
                .ignore();
            pipe.cmd("HINCRBY").arg(OfTime::Day.key(bucket, twelfth / 288)).arg(&field(twelfth / 12 % 24)).arg(count);
        }
    }
    pipe.exec(&mut redis.connect()).expect("all of it");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "draws the pictures of the documents anew: `make pictures`"]
async fn are_drawn() {
    let rig = rig(&[]);
    let names = ["ann", "bob", "cara", "dan", "eve", "finn", "gina", "hugo", "ida", "jon", "kim", "lars"];
    for (n, name) in (0..).zip(names) {
        let (subject, ip) = (format!("{name}@example.com"), format!("203.0.113.{n}"));
        let sent = rig.client.send_body(json!({"subject": subject, "ip": ip})).await.is(201);
        let wrong = if n % 5 == 2 { 5 } else { n % 3 };
        let code = sent.str("code").to_owned();
        for k in 0..wrong {
            let body = json!({"id": sent.str("id"), "code": nth_wrong_code(&code, k + 1), "ip": ip});
            rig.client.check_body(body).await.is(200);
        }
        if wrong < 3 {
            rig.client.check_body(json!({"id": sent.str("id"), "code": code, "ip": ip})).await.is(200);
        }
        rig.client.send_body(json!({"subject": subject, "ip": ip})).await;
    }
    let whom = |name: &str, reason: &str| json!({"subject": format!("{name}@example.com"), "tenant": keys::TENANT, "reason": reason});
    let mut lock = whom("mallory", "Account takeover reported, ticket 4711");
    lock["minutes"] = json!(600);
    admin(&rig.sidecar).post("/admin/v1/lock", &lock).await.is(200);
    admin(&rig.sidecar).post("/admin/v1/unlock", &whom("cara", "Called back on the known number")).await.is(200);
    events(&rig.sidecar, "admin.unlock", 1).await;
    count_before(&rig.redis);
    fs::create_dir_all(deployed("console")).expect("a directory");
    browse("pictures", &rig.sidecar, nothing_is_asked);
}
