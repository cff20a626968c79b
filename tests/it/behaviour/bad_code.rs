//! What a user may type that is no code.

use serde_json::json;

use crate::support::{Rig, client::fresh_ip};

/// Not of six digits, whatever a lenient parser would make of it.
fn no_codes(code: &str) -> Vec<String> {
    vec![
        String::new(),
        " ".into(),
        "-\u{200b}\u{a0}".into(),
        code[1..].to_owned(),
        format!("{code}0"),
        format!("0{code}"),
        format!("{code}\u{660}"),
        format!("+{}", &code[1..]),
        format!("-{}", &code[1..]),
        format!("{}.", &code[1..]),
        format!("{code}.0"),
        format!("{code}\0"),
        format!("\0{code}"),
        format!("{}.{}", &code[..3], &code[3..]),
        format!("{}_{}", &code[..3], &code[3..]),
        format!("code: {code}"),
        format!("\"{code}\""),
        "0x1F00".into(),
        "1e0005".into(),
        "0b1010".into(),
        "abcdef".into(),
        "①②③④⑤⑥".into(),
        "²²²²²²".into(),
        "一二三四五六".into(),
        "9".repeat(33),
        "9".repeat(4096),
        format!("{}x{code}", " ".repeat(2000)),
        "%".repeat(6),
        "null".into(),
    ]
}

#[tokio::test]
async fn what_is_no_code_is_not_evaluated_and_counts_for_nothing() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    for code in no_codes(&issued.code) {
        for by in [json!({"id": issued.id}), json!({"subject": "ada"})] {
            let mut body = by;
            body["code"] = json!(code);
            body["ip"] = json!(fresh_ip());
            let answer = rig.client.check_body(body).await.is(422);
            assert_eq!(answer.str("code"), "invalid_code", "{code}: {answer:?}");
        }
    }
    assert_eq!(rig.counted("ada").await, (0, 1));
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}

/// No user can make it: whoever reads the answer is to look for it in the program.
#[tokio::test]
async fn a_code_that_is_missing_or_no_text_is_a_mistake_of_the_program() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    let number: u64 = issued.code.parse().unwrap();
    let others =
        [json!(null), json!(number), json!(1.0e5), json!(true), json!([issued.code]), json!({"code": issued.code})];
    rig.client.check_body(json!({"id": issued.id, "ip": fresh_ip()})).await.refuses_field("code");
    for code in others {
        let body = json!({"id": issued.id, "code": code, "ip": fresh_ip()});
        rig.client.check_body(body).await.refuses_field("code");
    }
    // What is misnamed is named, not what is missing for it.
    let misnamed = json!({"id": issued.id, "otp": issued.code, "ip": fresh_ip()});
    rig.client.check_body(misnamed).await.refuses_field("otp");
    assert_eq!(rig.counted("ada").await, (0, 1));
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test]
async fn an_unknown_code_of_another_length_is_judged_by_shape_first() {
    let rig = Rig::start(&[]);
    rig.client.check("never-seen", "login", "12345").await.refused(422, "invalid_code");
    rig.client.check("never-seen", "login", "123456").await.rejected("not_found", "not_found");
}
