//! Whom nobody ever saw: an operator's call about them finds nobody, and makes nobody of them.

use std::{
    fs::File,
    io,
    process::{Command, Stdio},
    time::Duration,
};

use hyper::Method;
use serde_json::{Value, json};

use super::{
    admin,
    cli::{SURE, run, url},
    events,
    helpdesk::known,
    inspect, rig,
};
use crate::support::{Sidecar, keys};

const SUBJECTS: &str = "/admin/v1/subjects";

/// The answer to an erasure or an export of this user.
async fn asked(sidecar: &Sidecar, call: &str, whom: Value) -> Value {
    let mut body = json!({"reason": "ticket 7"});
    body.as_object_mut().unwrap().extend(whom.as_object().unwrap().clone());
    admin(sidecar).look(Method::POST, &format!("{SUBJECTS}/{call}"), &body).await.body
}

#[tokio::test]
async fn to_erase_or_export_somebody_never_seen_finds_nobody_and_makes_nobody_of_them() {
    let rig = rig(&[]);
    known(&rig, "ann@example.com").await;
    let near = json!([{"subject": "ann@example.com", "tenant": "shop"}]);
    let user = |subject: &str| json!({"subject": subject, "tenant": "shop"});
    let nobody = user("nan@example.com");
    let reference = json!({"subject_ref": "0123456789abcdef0123456789abcdef"});
    for _ in 0..2 {
        assert_eq!(asked(&rig.sidecar, "erase", nobody.clone()).await, json!({"erased": false, "near": near}));
        let exported = asked(&rig.sidecar, "export", nobody.clone()).await;
        assert_eq!((&exported["seen"], &exported["near"]), (&json!(false), &near));
    }
    assert_eq!(asked(&rig.sidecar, "erase", reference.clone()).await, json!({"erased": false, "near": []}));
    // All events about nobody have this one.
    let shared = json!({"subject_ref": "0".repeat(32)});
    assert_eq!(asked(&rig.sidecar, "erase", shared).await, json!({"erased": false, "near": []}));
    // Who did it, and why, is in the trail by now, and with it all that it remembers of them.
    for told in events(&rig.sidecar, "admin.erase,admin.export", 5).await {
        assert_eq!((&told["actor"], &told["who"]), (&json!("ops"), &json!({"reason": "ticket 7"})), "{told}");
    }
    let unseen = inspect(&rig.sidecar, "nan@example.com").await;
    assert_eq!((&unseen["seen"], &unseen["near"]), (&json!(false), &near));
    let unseen = admin(&rig.sidecar).look(Method::POST, &format!("{SUBJECTS}/inspect"), &reference).await;
    assert_eq!(unseen.body["sentence"], "Nobody was ever seen under this reference, as far as is remembered.");
    // Who was seen is erased, and stays somebody.
    for _ in 0..2 {
        let erased = asked(&rig.sidecar, "erase", user("ann@example.com")).await;
        assert_eq!(erased, json!({"erased": true, "near": []}));
    }
    assert_eq!(inspect(&rig.sidecar, "ann@example.com").await["seen"], true);
}

#[tokio::test]
async fn the_command_line_says_so_and_who_was_near_and_does_not_succeed() {
    let rig = rig(&[]);
    known(&rig, "ann@example.com").await;
    let never = "nan@example.com of shop was never seen, as far as is remembered; under a spelling near it was \
                 ann@example.com of shop";
    let erase = |more: &[&str]| run(&rig.sidecar, &[&["erase", "nan@example.com"], &SURE[..], more].concat());
    assert_eq!(erase(&[]), (1, String::new(), format!("otp-sidecar: nobody was erased: {never}\n")));
    let (code, out, _) = erase(&["--json"]);
    assert_eq!((code, serde_json::from_str::<Value>(&out).unwrap()["erased"].clone()), (1, json!(false)));
    let only = "all that is printed is calls that came to nothing and looks of operators";
    let (code, out, err) = run(&rig.sidecar, &["export", "nan@example.com", "--tenant", "shop"]);
    assert_eq!((code, serde_json::from_str::<Value>(&out).unwrap()["seen"].clone()), (1, json!(false)));
    assert_eq!(err, format!("otp-sidecar: {only}: {never}\n"));
    let (code, _, err) = run(&rig.sidecar, &["erase", "nobody like them", "--tenant=shop", "--reason", "x", "--yes"]);
    assert!(code == 1 && err.ends_with("remembered, nor was anybody under a spelling near it\n"), "{err}");
    let reference = "0123456789abcdef0123456789abcdef";
    let (code, _, err) = run(&rig.sidecar, &["erase", "--ref", reference, "--reason", "x", "--yes"]);
    assert!(
        code == 1 && err.ends_with(&format!("the user {reference} was never seen, as far as is remembered\n")),
        "{err}"
    );
    let (code, out, _) = run(&rig.sidecar, &["inspect", "--ref", &format!(" {} ", reference.to_uppercase())]);
    assert_eq!((code, &*out), (0, "Nobody was ever seen under this reference, as far as is remembered.\n"));
    let (code, _, err) = run(&rig.sidecar, &["unlock", "--ref", reference, "--reason", "x", "--yes"]);
    assert!(code == 1 && err.ends_with("inspect` says what is known of them\n"), "{err}");
    let (code, out, err) = run(&rig.sidecar, &[&["erase", "ann@example.com"], &SURE[..]].concat());
    assert!(code == 0 && out.starts_with("Erased: "), "{out}{err}");
}

/// Somebody may be locked before they come; or be misspelt.
#[tokio::test]
async fn to_lock_somebody_never_seen_locks_them_and_says_so() {
    let rig = rig(&[]);
    known(&rig, "ann@example.com").await;
    let lock = async |subject: &str| {
        let body = json!({"subject": subject, "tenant": "shop", "minutes": 5, "reason": "stolen"});
        let locked = admin(&rig.sidecar).post("/admin/v1/lock", &body).await.is(200).body;
        [locked["changed"].clone(), locked["seen"].clone()]
    };
    assert_eq!(lock("nan@example.com").await, [json!(true), json!(false)]);
    rig.client.send("nan@example.com").await.refused(429, "subject_locked");
    assert_eq!(lock("ann@example.com").await, [json!(true), json!(true)]);
    let locked = |subject: &str| run(&rig.sidecar, &[&["lock", subject, "--minutes", "5"], &SURE[..]].concat());
    let (code, out, err) = locked("anm@example.com");
    let never = "anm@example.com of shop was never seen, as far as is remembered: `inspect` says who is near.\n";
    assert!(code == 0 && out.starts_with("Locked until ") && out.ends_with(&format!("Z. But {never}")), "{out}{err}");
    rig.client.send("anm@example.com").await.refused(429, "subject_locked");
    let (code, out, err) = locked("ann@example.com");
    assert!(code == 0 && !out.contains("never seen"), "{out}{err}");
}

/// All events that are about nobody share a reference: nobody is locked by it, and nothing of theirs goes out.
#[tokio::test]
async fn the_reference_of_nobody_is_nobody() {
    let rig = rig(&[]);
    // An event about nobody.
    asked(&rig.sidecar, "erase", json!({"subject": "nan@example.com", "tenant": "shop"})).await;
    events(&rig.sidecar, "admin.erase", 1).await;
    let zeros = "0".repeat(32);
    let lock = json!({"subject_ref": zeros, "minutes": 5, "reason": "x"});
    admin(&rig.sidecar).post("/admin/v1/lock", &lock).await.refuses_field("subject_ref");
    let (code, out, err) = run(&rig.sidecar, &["lock", "--ref", &zeros, "--minutes", "5", "--reason", "x", "--yes"]);
    assert!(code == 1 && out.is_empty() && err.contains("--ref: This is the reference of nobody."), "{out}{err}");
    assert_eq!(rig.indexed("locked"), 0);
    let exported = asked(&rig.sidecar, "export", json!({"subject_ref": zeros})).await;
    assert_eq!((&exported["seen"], &exported["events"]), (&json!(false), &json!([])), "{exported}");
    let (code, _, err) = run(&rig.sidecar, &["export", "--ref", &zeros]);
    assert!(
        code == 1 && err.ends_with(&format!("the user {zeros} was never seen, as far as is remembered\n")),
        "{err}"
    );
}

#[tokio::test]
async fn a_decoy_that_was_erased_is_near_nobody() {
    let rig = rig(&[]);
    let decoy = json!({"subject": "mallory@example.com", "subject_known": false, "ip": "192.0.2.7"});
    rig.client.send_body(decoy).await.is(201);
    for n in 1..3 {
        let erased = asked(&rig.sidecar, "erase", json!({"subject": "mallory@example.com", "tenant": "shop"})).await;
        assert_eq!(erased["erased"], true);
        // By now whatever it leaves is written.
        let told = events(&rig.sidecar, "admin.erase", n).await;
        assert!(told.iter().all(|told| told["who"]["reason"] == "ticket 7"), "{told:?}");
        assert_eq!(inspect(&rig.sidecar, "malory@example.com").await["near"], json!([]));
    }
}

/// A full disk is said, and a reader that has gone had enough.
#[tokio::test]
async fn an_output_that_cannot_be_written_is_said_on_stderr() {
    let rig = rig(&[]);
    known(&rig, "ann@example.com").await;
    for args in [&["locks"][..], &["report", "--html"], &["export", "ann@example.com", "--tenant", "shop"]] {
        let printed = |to: Stdio| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_otp-sidecar"));
            let environment = [("OTP_ADMIN_URL", &*url(&rig.sidecar)), ("OTP_ADMIN_KEY", keys::ADMIN_KEY)];
            let command = command.env_clear().envs(environment).args(args).stdout(to).stderr(Stdio::piped());
            let done = command.spawn().unwrap().wait_with_output().unwrap();
            (done.status.code(), String::from_utf8(done.stderr).unwrap())
        };
        let (code, err) = printed(File::create("/dev/full").unwrap().into());
        assert!(
            code == Some(73) && err.contains("standard output cannot be written: No space left"),
            "{args:?}: {err}"
        );
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        assert_eq!(printed(writer.into()), (Some(0), String::new()), "{args:?}");
    }
}

/// Whoever comes while they are erased came before it, and then there was somebody, or after it, and then they keep their name.
#[tokio::test]
async fn whoever_comes_meanwhile_is_erased_or_keeps_their_name() {
    let rig = rig(&[]);
    for n in 0..8 {
        let subject = format!("newcomer{n}@example.com");
        let erasing = asked(&rig.sidecar, "erase", json!({"subject": subject, "tenant": "shop"}));
        let coming = async {
            tokio::time::sleep(Duration::from_millis(2 * n as u64)).await;
            rig.client.issue(&subject).await
        };
        let (erased, _) = tokio::join!(erasing, coming);
        let (sent, erasures) =
            (events(&rig.sidecar, "send", n + 1).await, events(&rig.sidecar, "admin.erase", n + 1).await);
        // The newest come last; what happens in an erasure's own millisecond counts as before it.
        let (sent, erasure) = (sent.last().unwrap(), erasures.last().unwrap());
        let named = sent["who"]["subject"] == *subject || sent["time_ms"] == erasure["time_ms"];
        assert!(named || erased["erased"] == true, "{n}: {erased} {sent} {erasure}");
    }
}

#[tokio::test]
async fn who_was_held_as_nobody_is_told_no_more_once_they_are_erased() {
    let rig = rig(&[]);
    let decoy = json!({"subject": "mallory@example.com", "subject_known": false, "ip": "192.0.2.7"});
    rig.client.send_body(decoy).await;
    let told = || async { events(&rig.sidecar, "send", 1).await.remove(0)["who"]["ip"].clone() };
    assert_eq!(told().await, "192.0.2.7");
    asked(&rig.sidecar, "erase", json!({"subject": "mallory@example.com", "tenant": "shop"})).await;
    assert_eq!(told().await, Value::Null);
}

#[tokio::test]
async fn somebody_whose_key_is_damaged_can_be_erased() {
    let rig = rig(&[]);
    known(&rig, "ann@example.com").await;
    let key = rig.redis.keys().into_iter().find(|key| key.get(10..12) == Some(b"p:")).expect("a person");
    let _: String = rig.redis.ask_key("SET", &key, &["x"]);
    let erased = asked(&rig.sidecar, "erase", json!({"subject": "ann@example.com", "tenant": "shop"})).await;
    assert_eq!(erased["erased"], true);
    let length: u64 = rig.redis.ask_key("STRLEN", &key, &[]);
    assert_eq!(length, 26);
}
