//! The README's calls, run by a shell as its reader would.

use std::process::Command;

use serde_json::Value;

use super::{
    ADMIN, APP,
    block::{self, Block},
};
use crate::support::{Sidecar, process, wrong_code_than};

/// Seconds that may pass between two calls before what is shown in seconds counts as wrong.
const SLOW: u64 = 20;

/// A sidecar without any key or store of its own, but that its hashes are as cheap as they may be: this build is not
/// optimised.
fn plain(preset: &str) -> Sidecar {
    let unset = ["OTP_PEPPER", "OTP_INDEX_KEY", "OTP_API_KEYS", "OTP_ADMIN_KEYS", "OTP_HASH"];
    let cheap = [("OTP_ARGON2_MEMORY_KIB", "1024"), ("OTP_ARGON2_ITERATIONS", "1")];
    unset
        .into_iter()
        .fold(Sidecar::builder(), |builder, name| builder.unset(name))
        .set_all(&cheap)
        .set("OTP_PRESET", preset)
        .start()
}

/// An answer as curl got it; null where it has no body.
struct Real {
    status: u16,
    head: String,
    body: Value,
}

impl Real {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Runs `block` against `sidecar` with the code and id of `issued`.
fn run(block: &Block, sidecar: &Sidecar, issued: &Value) -> Real {
    assert!(process::find("curl").is_some(), "curl on PATH: `make test` installs it");
    let code = issued["code"].as_str().unwrap_or("000000");
    let shell = block
        .text
        .replace(APP, &sidecar.app().host())
        .replace(ADMIN, &sidecar.admin().host())
        .replace("000000", code)
        .replace("999999", &wrong_code_than(code))
        .replace("curl -s ", "curl -s -D - -w '\\n%{http_code}' ");
    let output = Command::new("sh")
        .args(["-c", &shell])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("ID", issued["id"].as_str().unwrap_or_default())
        .env("CODE", code)
        .output()
        .expect("a shell");
    let said = String::from_utf8(output.stdout).expect("text").replace('\r', "");
    let (said, status) = said.rsplit_once('\n').unwrap_or_else(|| panic!("{shell}: {said}"));
    let (head, body) = said.split_once("\n\n").unwrap_or_else(|| panic!("{shell}: {said}"));
    let body = match body {
        "" => Value::Null,
        json => serde_json::from_str(json).unwrap_or_else(|_| panic!("{shell}: {said}")),
    };
    Real { status: status.parse().expect("a status"), head: head.to_owned(), body }
}

/// Whether `real` is what `shown` promises: the same fields with the same values, but for what is new each time.
fn alike(field: &str, shown: &Value, real: &Value) -> bool {
    match (shown, real) {
        (Value::Object(shown), Value::Object(real)) => {
            // The rest of an answer that was shown before.
            let rest = shown.contains_key("…");
            (rest || shown.len() == real.len())
                && shown
                    .iter()
                    .filter(|(name, _)| *name != "…")
                    .all(|(name, value)| real.get(name).is_some_and(|real| alike(name, value, real)))
        }
        (Value::String(shown), Value::String(real)) => match field {
            "id" | "request_id" => !real.is_empty(),
            "code" if shown.bytes().all(|b| b.is_ascii_digit()) => real.len() == shown.len(),
            "expires_at" | "locked_until" | "last_request_at" | "last_attempt_at" => real.len() == shown.len(),
            "detail" => without_digits(shown) == without_digits(real),
            _ => shown == real,
        },
        (Value::Number(shown), Value::Number(real)) if field.ends_with("_in") || field == "retry_after" => {
            nearly(shown.as_u64().expect("seconds"), real.as_u64().expect("seconds"))
        }
        _ => shown == real,
    }
}

fn nearly(shown: u64, real: u64) -> bool {
    (real..=real + SLOW).contains(&shown)
}

/// The same for the value of a header, which may be a number of seconds.
fn same(shown: &str, real: Option<&str>) -> bool {
    match (shown.parse(), real.map(str::parse)) {
        (Ok(shown), Some(Ok(real))) => nearly(shown, real),
        _ => real == Some(shown),
    }
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// A sidecar and the last code that it issued.
struct Page {
    sidecar: Sidecar,
    issued: Value,
}

impl Page {
    fn new() -> Self {
        Self::of("hardened")
    }

    fn of(preset: &str) -> Self {
        Self { sidecar: plain(preset), issued: Value::Null }
    }

    /// Runs `block` and compares all that is shown of its answer; answers the body.
    #[track_caller]
    fn goes_as_shown(&mut self, block: &Block) -> Value {
        let real = run(block, &self.sidecar, &self.issued);
        let (status, shown) = block.answer();
        assert_eq!(real.status, status, "{}\n{}", block.text, real.body);
        assert!(alike("", &shown, &real.body), "{}\nshown: {shown}\nreal:  {}", block.text, real.body);
        for (name, value) in block.headers() {
            assert!(same(value, real.header(name)), "{}\n{name}: {value}\n{}", block.text, real.head);
        }
        if real.body["code"].is_string() && status == 201 {
            self.issued = real.body.clone();
        }
        real.body
    }
}

/// Runs all blocks of `name`, each with the last code that was issued.
fn all_of(name: &str) -> Vec<Value> {
    on(Page::new(), name)
}

fn on(mut page: Page, name: &str) -> Vec<Value> {
    block::marked(name).iter().map(|block| page.goes_as_shown(block)).collect()
}

#[test]
fn the_first_minute_goes_as_shown() {
    // As `make run` starts it.
    let answers = on(Page::of("development"), "start");
    assert_eq!(answers[1]["valid"], Value::Bool(true));
}

#[test]
fn the_calls_in_detail_go_as_shown() {
    let answers = all_of("calls");
    let approved = answers.iter().filter(|answer| answer["valid"] == Value::Bool(true)).count();
    assert_eq!(approved, 1);
}

#[test]
fn a_lock_comes_as_shown() {
    let [issue, wrong, locked] = &block::marked("lock")[..] else { panic!("three calls") };
    let mut page = Page::new();
    page.goes_as_shown(issue);
    for _ in 0..4 {
        assert_eq!(run(wrong, &page.sidecar, &page.issued).body["reason"], "wrong_code");
    }
    page.goes_as_shown(wrong);
    page.goes_as_shown(locked);
}

#[test]
fn a_call_sent_again_is_answered_as_shown() {
    let answers = all_of("again");
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn a_decoy_looks_as_shown() {
    all_of("decoy");
}

#[test]
fn delivery_and_reports_go_as_shown() {
    all_of("after");
}

#[test]
fn the_guard_answers_as_shown() {
    all_of("guard");
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
