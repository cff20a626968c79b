//! The README's calls, run by a shell as its reader would.

use std::process::Command;

use serde_json::Value;

use super::{
    ADMIN, APP,
    block::{self, Block},
};
use crate::support::{Sidecar, process, wrong_code_than};

/// Seconds that may pass between two calls before what is shown in seconds counts as wrong.
const SLOW: u64 = 5;

/// A sidecar without any key or store of its own, as `make run` starts it.
fn plain() -> Sidecar {
    let secrets = ["OTP_PEPPER", "OTP_INDEX_KEY", "OTP_API_KEYS", "OTP_ADMIN_KEYS"];
    secrets.into_iter().fold(Sidecar::builder(), |builder, name| builder.unset(name)).start()
}

/// Runs `block` against `sidecar` with the code and id of `issued`; answers status and body.
fn run(block: &Block, sidecar: &Sidecar, issued: &Value) -> (u16, Value) {
    assert!(process::find("curl").is_some(), "curl on PATH: `make test` installs it");
    let code = issued["code"].as_str().unwrap_or("000000");
    let shell = block
        .text
        .replace(APP, &sidecar.app().host())
        .replace(ADMIN, &sidecar.admin().host())
        .replace("000000", code)
        .replace("999999", &wrong_code_than(code))
        .replace("curl -s ", "curl -s -w '\\n%{http_code}' ");
    let output = Command::new("sh")
        .args(["-c", &shell])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("ID", issued["id"].as_str().unwrap_or_default())
        .env("CODE", code)
        .output()
        .expect("a shell");
    let said = String::from_utf8(output.stdout).expect("text");
    let (body, status) = said.rsplit_once('\n').unwrap_or_else(|| panic!("{shell}: {said}"));
    (status.parse().expect("a status"), serde_json::from_str(body).unwrap_or_else(|_| panic!("{shell}: {said}")))
}

/// Whether `real` is what `shown` promises: the same fields with the same values, but for what is new each time.
fn alike(field: &str, shown: &Value, real: &Value) -> bool {
    match (shown, real) {
        (Value::Object(shown), Value::Object(real)) => {
            shown.len() == real.len()
                && shown.iter().all(|(name, value)| real.get(name).is_some_and(|real| alike(name, value, real)))
        }
        (Value::String(shown), Value::String(real)) => match field {
            "id" | "request_id" => !real.is_empty(),
            "code" if shown.bytes().all(|b| b.is_ascii_digit()) => real.len() == shown.len(),
            "expires_at" | "locked_until" | "last_request_at" | "last_attempt_at" => real.len() == shown.len(),
            "detail" => without_digits(shown) == without_digits(real),
            _ => shown == real,
        },
        (Value::Number(shown), Value::Number(real)) if field.ends_with("_in") || field == "retry_after" => {
            let (shown, real) = (shown.as_u64().expect("seconds"), real.as_u64().expect("seconds"));
            (real..=real + SLOW).contains(&shown)
        }
        _ => shown == real,
    }
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Runs all blocks of `name`, each with the last code that was issued.
fn all_of(name: &str) -> Vec<Value> {
    let sidecar = plain();
    let mut issued = Value::Null;
    let answer = |block: Block| {
        let (status, body) = run(&block, &sidecar, &issued);
        let (shown_status, shown) = block.answer();
        assert_eq!(status, shown_status, "{}\n{body}", block.text);
        assert!(alike("", &shown, &body), "{}\nshown: {shown}\nreal:  {body}", block.text);
        if status == 201 {
            issued = body.clone();
        }
        body
    };
    block::marked(name).into_iter().map(answer).collect()
}

#[test]
fn the_first_minute_goes_as_shown() {
    let answers = all_of("start");
    assert_eq!(answers[1]["valid"], Value::Bool(true));
}

#[test]
fn the_calls_in_detail_go_as_shown() {
    let answers = all_of("calls");
    let approved = answers.iter().filter(|answer| answer["valid"] == Value::Bool(true)).count();
    assert_eq!(approved, 1);
}

#[test]
fn what_is_new_each_time_may_differ_and_nothing_else() {
    let shown = serde_json::json!({"code": "042917", "expires_in": 300, "purpose": "login"});
    let real = |code: &str, seconds: u64, purpose: &str| {
        alike("", &shown, &serde_json::json!({"code": code, "expires_in": seconds, "purpose": purpose}))
    };
    assert!(real("111111", 299, "login"));
    assert!(!real("11111", 299, "login") && !real("111111", 301, "login") && !real("111111", 300, "sign_up"));
}
