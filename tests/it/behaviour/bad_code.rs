//! What a user may type that is no code.

use serde_json::{Value, json};

use crate::support::{Rig, client::fresh_ip};

/// Not of six digits, whatever a lenient parser would make of it.
fn no_codes(code: &str) -> Vec<Value> {
    let full_width: String = code.bytes().map(|c| char::from_u32(0xff10 + u32::from(c - b'0')).unwrap()).collect();
    let texts = [
        String::new(),
        " ".into(),
        code[1..].to_owned(),
        format!("{code}0"),
        format!("0{code}"),
        format!("+{}", &code[1..]),
        format!("-{}", &code[1..]),
        format!("{}.", &code[1..]),
        format!("{code}.0"),
        format!("{code}\0"),
        format!("\0{code}"),
        format!("{} {}", &code[..3], &code[3..]),
        format!("{}-{}", &code[..3], &code[3..]),
        "0x1F00".into(),
        "1e0005".into(),
        "0b1010".into(),
        "abcdef".into(),
        full_width,
        "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}".into(),
        format!("\u{a0}{code}"),
        format!("\u{200b}{code}"),
        format!("{code}\u{202e}"),
        "9".repeat(33),
        "9".repeat(4096),
        "%".repeat(6),
        "null".into(),
    ];
    let number: u64 = code.parse().unwrap();
    let others = [json!(number), json!(1.0e5), json!(null), json!(true), json!([code]), json!({"code": code})];
    texts.into_iter().map(Value::from).chain(others).collect()
}

#[tokio::test]
async fn what_is_no_code_is_not_evaluated_and_counts_for_nothing() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    for code in no_codes(&issued.code) {
        for by in [json!({"id": issued.id}), json!({"subject": "ada"})] {
            let mut body = by;
            body["code"] = code.clone();
            body["ip"] = json!(fresh_ip());
            let answer = rig.client.check_body(body).await.is(422);
            assert_eq!(answer.str("code"), "invalid_code", "{code}: {answer:?}");
        }
    }
    assert_eq!(rig.counted("ada").await, (0, 1));
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test]
async fn a_missing_code_is_named_as_such() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    let answer = rig.client.check_body(json!({"id": issued.id, "ip": fresh_ip()})).await.is(422);
    assert!(matches!(answer.str("code"), "invalid_code" | "invalid_field"), "{answer:?}");
}

#[tokio::test]
async fn case_is_part_of_a_code() {
    let rig = Rig::unlimited(&[("OTP_ALPHABET", "abcdefghijkmnopqrstuvwxyz"), ("OTP_LENGTH", "8")]);
    let issued = rig.client.issue("ada").await;
    rig.client.check_id(&issued.id, &issued.code.to_uppercase()).await.refused(422, "invalid_code");
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test]
async fn an_unknown_code_of_another_length_is_judged_by_shape_first() {
    let rig = Rig::start(&[]);
    rig.client.check("never-seen", "login", "12345").await.refused(422, "invalid_code");
    rig.client.check("never-seen", "login", "123456").await.rejected("not_found", "not_found");
}
