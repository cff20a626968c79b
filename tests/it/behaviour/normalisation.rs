//! Spellings of one subject: one budget, but not one identity.

use serde_json::json;

use crate::support::{Rig, client::fresh_ip};

/// Upper case, full width, a ligature of compatibility, characters that cannot be seen, a decomposed accent, padding, what
/// controls, runs and kinds of white space, and a mail domain's other ways.
const SPELLINGS: [(&str, &str); 19] = [
    ("ada@example.org", "Ada@Example.ORG"),
    ("ada@example.org", "\u{ff41}da@example.org"),
    ("office@example.org", "o\u{fb03}ce@example.org"),
    ("ada@example.org", "a\u{200b}da@example.org"),
    ("ada@example.org", "ada\u{2060}@example\u{feff}.org"),
    ("ren\u{e9}@example.org", "rene\u{301}@example.org"),
    ("strasse", "STRA\u{df}E"),
    ("ada@example.org", "ada@example.org\u{7f}"),
    ("ada@example.org", "ada@example\u{9b}.org"),
    ("ada@example.org", "\u{2066}ada@example.org\u{2069}"),
    ("ada lovelace", "ada  lovelace"),
    ("ada lovelace", "ada\u{a0}\u{3000}lovelace"),
    ("ada@example.org", "ada@example.org."),
    ("ada@example.org", "ada@example\u{3002}org"),
    ("ada@b\u{fc}cher.example", "ada@xn--bcher-kva.example"),
    ("ada@xn--bcher-kva.example", "ada@B\u{dc}CHER.example."),
    ("ada@xn--r8jz45g.xn--zckzah", "ada@\u{4f8b}\u{3048}.\u{30c6}\u{30b9}\u{30c8}"),
    ("ada@stra\u{df}e.example", "ada@XN--STRAE-OQA.example"),
    ("ada@example.org", "  ada@example.org\t"),
];

#[tokio::test]
async fn all_spellings_of_a_subject_share_pause_and_quota() {
    for (plain, variant) in SPELLINGS {
        let rig = Rig::start(&[]);
        rig.client.issue(plain).await;
        rig.client.send(variant).await.refused(429, "resend_cooldown");
        assert_eq!(rig.counted(variant).await, (0, 1), "{variant:?}");
    }
}

#[tokio::test]
async fn all_spellings_of_a_subject_share_their_failures_and_their_lock() {
    let rig = Rig::unlimited(&[]);
    for (plain, variant) in [("ada", "ADA"), ("bob", "\u{ff22}ob")] {
        rig.lock_out(plain).await;
        rig.client.send(variant).await.refused(429, "subject_locked");
    }
}

#[tokio::test]
async fn a_code_opens_only_the_spelling_it_was_issued_for() {
    let rig = Rig::unlimited(&[]);
    for (plain, variant) in &SPELLINGS[..18] {
        let issued = rig.client.issue(plain).await;
        let by_variant = rig.client.check(variant, "login", &issued.code).await.is(200);
        assert_eq!(by_variant.body["valid"], json!(false), "{plain:?} {variant:?}");
        let both = json!({"id": issued.id, "subject": variant, "code": issued.code, "ip": fresh_ip()});
        rig.client.check_body(both).await.rejected("not_found", "not_found");
        rig.client.check(plain, "login", &issued.code).await.approved();
    }
}

/// Whoever reads such a name may take them for spaces or for nothing: refused, they are neither.
#[tokio::test]
async fn what_separates_lines_or_columns_is_no_part_of_a_subject() {
    let rig = Rig::start(&[]);
    for separator in ["\t", "\n", "\r\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"] {
        for subject in [format!("a{separator}da@example.org"), format!("ada{separator}lovelace")] {
            let refused = rig.client.send(&subject).await.refused(422, "invalid_field");
            assert_eq!(refused.str("field"), "subject", "{separator:?}");
        }
    }
}

#[tokio::test]
async fn white_space_around_a_subject_is_no_part_of_it() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue(" ada\n").await;
    rig.client.check("ada", "login", &issued.code).await.approved();
}

#[tokio::test]
async fn subjects_that_only_look_alike_are_strangers() {
    let rig = Rig::start(&[]);
    for subject in [
        "paypal",
        "p\u{430}ypal",
        "ada+1@example.org",
        "ada@example.org",
        "a.da@example.org",
        "adalovelace",
        "ada lovelace",
        "ada",
        "ada.",
        "xn--bcher-kva.example",
        "b\u{fc}cher.example",
        "ada@xn--bcher-kva.example",
        "ada@bucher.example",
    ] {
        rig.client.issue(subject).await;
    }
}
