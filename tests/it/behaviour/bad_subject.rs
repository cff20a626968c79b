//! Subjects meant to confuse.

use serde_json::json;

use crate::support::{Rig, client::fresh_ip};

#[tokio::test]
async fn a_subject_has_1_to_256_bytes_after_trimming() {
    let rig = Rig::unlimited(&[]);
    for subject in ["a".repeat(256), format!("  {}\t", "a".repeat(256)), "é".repeat(128), "🦀".repeat(64)] {
        rig.client.send(&subject).await.is(201);
    }
    for subject in ["", "   ", "\t\r\n", &"a".repeat(257), &"é".repeat(129), &"🦀".repeat(65)] {
        rig.client.send(subject).await.refuses_field("subject");
        rig.client.check(subject, "login", "123456").await.refuses_field("subject");
        rig.client.post("/v1/status", &json!({"subject": subject})).await.refuses_field("subject");
    }
}

#[tokio::test]
async fn a_subject_of_nothing_visible_is_none() {
    let rig = Rig::unlimited(&[]);
    for subject in ["\u{200b}", "\u{feff}\u{2060}", "\u{200d}\u{200c}"] {
        rig.client.send(subject).await.refuses_field("subject");
    }
}

#[tokio::test]
async fn control_characters_are_refused_or_harmless_but_never_an_error_of_ours() {
    let rig = Rig::unlimited(&[]);
    for control in ["\0", "\u{1}", "\u{7f}", "\u{1b}[2J", "\r\nX-Injected: 1", "\u{85}", "\u{2028}"] {
        let answer = rig.client.send(&format!("ada{control}bob")).await;
        assert!(matches!(answer.status, 201 | 422), "{answer:?}");
        assert!(answer.header("x-injected").is_none());
    }
    assert_eq!((rig.counted("ada").await, rig.counted("bob").await), ((0, 0), (0, 0)), "no prefix is the subject");
}

#[tokio::test]
async fn any_script_and_any_quotes_name_a_subject_like_any_other() {
    let rig = Rig::unlimited(&[]);
    for subject in [
        "\u{202e}gro.elpmaxe@ada",
        "مرحبا@example.org",
        "👩‍👩‍👧‍👦",
        "é́́́́́",
        r#"","subject":"bob","x":""#,
        r#"{"subject":"bob"}"#,
        "'; FLUSHALL; --",
        "{otp}:record:bob",
        "*\r\n$8\r\nFLUSHALL",
        "\\u0000",
        "${jndi:ldap://x}",
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "%00%0d%0a",
        "+49 170 1234567",
    ] {
        let before = rig.counted("bob").await;
        let body = json!({"subject": subject, "ip": fresh_ip()});
        let answer = rig.client.send_body(body).await;
        // The one that holds a line break may count as control characters, which are refused.
        if subject.contains('\n') && answer.status == 422 {
            continue;
        }
        let answer = answer.is(201);
        rig.client.check(subject, "login", answer.str("code")).await.approved();
        assert_eq!(rig.counted("bob").await, before, "{subject}");
    }
}

#[tokio::test]
async fn subjects_do_not_run_into_purposes() {
    let rig = Rig::unlimited(&[]);
    let first = rig.client.issue_for("ada", "blogin").await;
    rig.client.issue_for("adab", "login").await;
    rig.client.check_id(&first.id, &first.code).await.approved();
    assert_eq!((rig.counted("ada").await.1, rig.counted("adab").await.1), (1, 1));
}
