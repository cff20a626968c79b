//! Events of every type and outcome are valid by the schema that others wrote, and keep what they say.

use std::{fmt::Write, fs, path::Path};

use serde_json::{Map, Value, json};

use otp_sidecar::{event::Kind, policy::Outcome, sink::ocsf};

use crate::support::{Rig, process};

/// Judges lines of a file, and tells of those that are not valid.
const JUDGE: &str = r#"
import json, sys
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
schemas, validators, bad, count = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.5.0")), {}, 0, 0
for line in open(sys.argv[1]):
    event = json.loads(line)
    count += 1
    name = schemas.lookup_class_name_from_uid(event["class_uid"])
    if name not in validators:
        validators[name] = Draft202012Validator(schemas.get_class_schema(name, ["security_control"]))
    for error in list(validators[name].iter_errors(event))[:1]:
        bad += 1
        print(event["metadata"]["event_code"], event["status_code"], list(error.path), error.message[:150])
print(count, "judged")
sys.exit(bad > 0)
"#;

fn event(kind: &str, outcome: &str, whole: bool) -> Map<String, Value> {
    let mut event = json!({
        "bucket": 21, "epoch": 1, "seq": 6, "time_ms": 1_795_402_077_750_u64, "type": kind, "outcome": outcome,
        "failures": 5, "lock_level": 1, "until_ms": 0,
    });
    if whole {
        let more = json!({
            "trail": "0a1b2c3d", "n": 17, "h": "x", "tenant": "shop", "purpose": "login", "request_id": "r-1",
            "subject_ref": "0f".repeat(16), "ip_ref": "0e".repeat(16), "actor": "ops\u{202e}", "count": 3, "channel": "email",
            "tries": 2, "reason": "timeout",
            "who": {"subject": "ann\n\"<b>", "ip": "203.0.113.7", "user_agent": "\u{1b}[31m", "reason": "asked\u{7f}"},
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }
    event.as_object().unwrap().clone()
}

#[test]
fn every_type_and_outcome_is_valid() {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.label()).chain(["suspicious.travel", "later"]).collect();
    let mut lines = String::new();
    for kind in &kinds {
        for outcome in Outcome::ALL {
            for whole in [false, true] {
                writeln!(lines, "{}", ocsf::event(event(kind, outcome.label(), whole))).unwrap();
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("events");
    fs::write(&file, &lines).unwrap();
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/validators/bin/python");
    let judged = process::command(python).args(["-c", JUDGE]).arg(&file).output().unwrap();
    let told = String::from_utf8_lossy(&judged.stdout).into_owned() + &String::from_utf8_lossy(&judged.stderr);
    assert!(judged.status.success(), "{}", told.lines().take(20).collect::<Vec<_>>().join("\n"));
    assert!(told.contains(&format!("{} judged", 2 * kinds.len() * Outcome::ALL.len())), "{told}");
}

#[test]
fn each_type_is_what_its_class_means() {
    for (kind, outcome, class, severity, status) in [
        ("send", "issued", 300_206, 1, 1),
        ("send", "quota_subject", 300_206, 2, 2),
        ("check", "approved", 300_201, 1, 1),
        ("check", "wrong_code_locks", 300_201, 2, 2),
        ("check", "subject_locked", 300_201, 3, 2),
        ("check", "unsettled", 300_201, 1, 0),
        ("delivery", "failed", 300_299, 2, 2),
        ("lockout", "subject_locked", 300_109, 3, 1),
        ("disable", "subject_disabled", 300_105, 4, 1),
        ("admin.lock", "recorded", 300_109, 1, 1),
        ("admin.unlock", "recorded", 300_112, 1, 1),
        ("admin.erase", "recorded", 300_404, 2, 1),
        ("admin.locks", "recorded", 300_402, 1, 1),
        ("report", "reported", 200_401, 3, 1),
        ("suspicious.travel", "recorded", 200_401, 3, 1),
        ("start", "recorded", 600_203, 1, 1),
        ("stop", "recorded", 600_204, 1, 1),
        ("audit.shed", "recorded", 600_801, 5, 1),
        ("store.rollback", "recorded", 600_801, 4, 1),
    ] {
        let mapped = ocsf::event(event(kind, outcome, true));
        let found = (&mapped["type_uid"], &mapped["severity_id"], &mapped["status_id"]);
        assert_eq!(found, (&json!(class), &json!(severity), &json!(status)), "{kind} {outcome}");
    }
    let check = ocsf::event(event("check", "subject_locked", true));
    assert_eq!((&check["status_detail"], &check["disposition_id"]), (&json!("ACCOUNT_LOCKED_OUT"), &json!(2)));
    assert_eq!(check["user"], json!({"uid": "0f".repeat(16), "name": "ann\n\"<b>", "type_id": 1}));
    assert_eq!((&check["unmapped"]["purpose"], &check["unmapped"]["h"]), (&json!("login"), &json!("x")));
    let lock = ocsf::event(event("admin.lock", "recorded", true));
    assert_eq!(lock["actor"]["user"]["name"], "ops\u{202e}");
}

#[tokio::test]
async fn standard_output_has_the_schema_too() {
    let rig = Rig::start(&[("OTP_EXPORT_FORMAT", "ocsf")]);
    rig.client.issue("ann").await;
    let line = rig.sidecar.tells("a send", |line| line.contains("\"event_code\":\"send\""));
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&event["class_uid"], &event["status_code"]), (&json!(3002), &json!("issued")));
    assert!(!line.contains("sealed") && !line.contains("ann"), "{line}");
}
