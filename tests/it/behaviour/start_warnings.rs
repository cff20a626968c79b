//! What is said once, at start or as calls come in.

use serde_json::json;

use crate::support::{Rig, Sidecar, process};

/// Those so far, once there are any.
fn warned(sidecar: &Sidecar, part: &str) -> Vec<String> {
    sidecar.logs("a warning", |line| line.contains("\"WARN\"") && line.contains(part));
    warnings(sidecar, part)
}

fn warnings(sidecar: &Sidecar, part: &str) -> Vec<String> {
    let lines = sidecar.log_lines();
    lines.into_iter().filter(|line| line.contains("\"WARN\"") && line.contains(part)).collect()
}

#[test]
fn a_limit_on_descriptors_that_cannot_be_raised_is_told_with_both_numbers() {
    if process::find("prlimit").is_none() {
        eprintln!("no prlimit (util-linux): left out");
        return;
    }
    let sidecar = Sidecar::builder().through(&["prlimit", "--nofile=512:512", "--"]).start();
    let said = warned(&sidecar, "OTP_MAX_CONNECTIONS");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("20064 descriptors") && said[0].contains("no more than 512"), "{said:?}");
    let fitting = [("OTP_MAX_CONNECTIONS", "200")];
    let sidecar = Sidecar::builder().set_all(&fitting).through(&["prlimit", "--nofile=512:512", "--"]).start();
    assert!(warnings(&sidecar, "OTP_MAX_CONNECTIONS").is_empty());
}

#[tokio::test]
async fn calls_that_all_name_this_machine_are_told_once() {
    const SAID: &str = "names a loopback address";
    let rig = Rig::unlimited(&[]);
    for n in 0..50 {
        rig.client.send_body(json!({"subject": format!("u{n}"), "ip": "127.0.0.1"})).await.is(201);
    }
    assert_eq!(warned(&rig.sidecar, SAID).len(), 1);
    let mixed = rig.another(&[]);
    mixed.client().send_body(json!({"subject": "ada", "ip": "203.0.113.7"})).await.is(201);
    for n in 0..50 {
        mixed.client().send_body(json!({"subject": format!("v{n}"), "ip": "::1"})).await.is(201);
    }
    assert!(warnings(&mixed, SAID).is_empty());
}

/// What a laptop meets: one user and one address, again and again.
#[tokio::test]
async fn in_development_nobody_is_blocked_and_it_is_said() {
    let development = Sidecar::builder().set("OTP_PRESET", "development").set("RESEND_COOLDOWN_SECONDS", "0");
    let sidecar = development.clone().start();
    let said = warned(&sidecar, "OTP_PRESET is development");
    assert_eq!(said.len(), 1, "{said:?}");
    for _ in 0..30 {
        sidecar.client().send_body(json!({"subject": "ada", "ip": "127.0.0.1"})).await.is(201);
    }
    for n in 0..30 {
        sidecar.client().send_body(json!({"subject": format!("u{n}")})).await.is(201);
    }
    assert!(warnings(&sidecar, "names a loopback address").is_empty());
    let sent = Sidecar::start(&[("OTP_PRESET", "development")]).client().send("ada").await.is(201);
    assert_eq!((sent.number("resend_in"), &sent.body["sends_left"]), (1, &json!(null)));
    let (code, said) = development.clone().set("OTP_LISTEN", "0.0.0.0:0").expect_no_start();
    assert_eq!(code, 64, "{said}");
    assert!(said.starts_with("OTP_LISTEN must not be 0.0.0.0:0: OTP_PRESET=development"), "{said}");
    // As text it is a line of its own, without colours where nobody looks at a terminal.
    let text = development.set("OTP_LOG_FORMAT", "text").set("PATH", "/nowhere");
    let (_, said) = text.clone().expect_no_start();
    assert!(said.lines().any(|line| line.starts_with("OTP_PRESET is development")), "{said}");
    if process::find("script").is_none() {
        eprintln!("no script (util-linux): the terminal is left out");
        return;
    }
    let (_, shown, said) = text.through(&["script", "-qec"]).run(&["/dev/null"]);
    assert!(shown.contains("\u{1b}[33mOTP_PRESET is development"), "{shown}{said}");
}
