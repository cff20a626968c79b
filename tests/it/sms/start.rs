//! What must be right before anything is sent, and the command that tries it.

use super::{ANN, SECRET, channels, provider::Provider};
use crate::support::Sidecar;

const URL: (&str, &str) = ("OTP_DELIVERY_URL__SMS", "https://sms.example/send");
const KEY: (&str, &str) = ("OTP_DELIVERY_SECRET__SMS", SECRET);
const PREFIXES: (&str, &str) = ("OTP_PHONE_PREFIXES", "+49");

#[test]
fn mistakes_are_told_at_start_and_nothing_of_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("sms.http"), "POST /x\n\n{{ kode }}").unwrap();
    let templates = dir.path().display().to_string();
    let with_pipe = tempfile::tempdir().unwrap();
    let pipe = with_pipe.path().join("sms.http");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let piped = with_pipe.path().display().to_string();
    let until = ("OTP_TEST_RECIPIENTS_UNTIL", "2030-02-30");
    for (variables, told) in [
        (vec![URL, KEY], "OTP_PHONE_PREFIXES must be set when OTP_DELIVERY_URL__SMS is"),
        (vec![URL, PREFIXES], "OTP_DELIVERY_SECRET__SMS must be set"),
        (vec![URL, PREFIXES, ("OTP_DELIVERY_SECRET__SMS", "hidden")], "OTP_DELIVERY_SECRET__SMS must be `whsec_`"),
        (vec![PREFIXES, KEY], "OTP_DELIVERY_URL__SMS is not"),
        (
            vec![KEY, PREFIXES, ("OTP_DELIVERY_URL__SMS", "http://sms.example")],
            "OTP_DELIVERY_URL__SMS must be https://",
        ),
        (
            vec![KEY, PREFIXES, ("OTP_DELIVERY_URL__SMS", "https://me:hidden@sms.example")],
            "OTP_DELIVERY_URL__SMS must be",
        ),
        (vec![URL, KEY, ("OTP_PHONE_PREFIXES", "49")], "OTP_PHONE_PREFIXES must be prefixes"),
        (vec![URL, KEY, PREFIXES, ("OTP_PHONE_BUDGET", "many")], "OTP_PHONE_BUDGET must be a quota"),
        (vec![URL, KEY, PREFIXES, ("OTP_SMS_ORIGIN", "https://shop.example")], "OTP_SMS_ORIGIN must be a host"),
        (vec![URL, KEY, PREFIXES, ("OTP_NOTIFY_USERS", "all")], "OTP_NOTIFY_USERS must be"),
        (
            vec![URL, KEY, PREFIXES, ("OTP_TEMPLATES_DIR", &templates)],
            "OTP_TEMPLATES_DIR holds `sms.http`, which cannot be used",
        ),
        (vec![("OTP_TEST_RECIPIENTS", "+15550100=123456")], "OTP_TEST_RECIPIENTS_UNTIL must be set"),
        (vec![("OTP_TEST_RECIPIENTS", "+15550100=123456"), until], "OTP_TEST_RECIPIENTS_UNTIL must be a day"),
        (
            vec![("OTP_TEST_RECIPIENTS", "+15550100=123456"), ("OTP_TEST_RECIPIENTS_UNTIL", "2999-01-01")],
            "OTP_TEST_RECIPIENTS_UNTIL must be a day within 366",
        ),
        (
            vec![("OTP_TEST_RECIPIENTS", "+15550100=12hidden"), ("OTP_TEST_RECIPIENTS_UNTIL", "2020-01-01")],
            "OTP_TEST_RECIPIENTS must be at most 100",
        ),
        (
            vec![
                ("OTP_TEST_RECIPIENTS", "+15550100=123456"),
                ("OTP_TEST_RECIPIENTS_UNTIL", "2020-01-01"),
                ("OTP_LENGTH__PAY", "8"),
            ],
            "OTP_TEST_RECIPIENTS must be at most 100",
        ),
        (
            vec![URL, KEY, PREFIXES, ("OTP_TEMPLATES_DIR", &piped)],
            "OTP_TEMPLATES_DIR holds `sms.http`, which cannot be read: it is a pipe",
        ),
    ] {
        let builder = variables.iter().fold(Sidecar::builder(), |builder, (name, value)| builder.set(name, value));
        let (code, out, err) = builder.run(&["check-config"]);
        assert!(code == 64 && err.contains(told), "{variables:?}: {code} {out} {err}");
        assert!(!err.contains("hidden"), "{err}");
    }
    let builder =
        [URL, KEY, PREFIXES].iter().fold(Sidecar::builder(), |builder, (name, value)| builder.set(name, value));
    let (code, out, err) = builder.run(&["check-config"]);
    assert!(code == 0 && out.contains("set (https)") && !out.contains(SECRET), "{code} {out} {err}");
}

#[test]
fn a_text_of_two_sms_is_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("sms")).unwrap();
    std::fs::write(dir.path().join("sms/default.txt"), format!("{{{{ code }}}} {}", "ł".repeat(64))).unwrap();
    let templates = dir.path().display().to_string();
    let variables = [URL, KEY, PREFIXES, ("OTP_TEMPLATES_DIR", &templates)];
    let builder = variables.iter().fold(Sidecar::builder(), |builder, (name, value)| builder.set(name, value));
    let (code, _, err) = builder.run(&["check-config"]);
    assert!(code == 0 && err.contains("more than one SMS"), "{code} {err}");
}

/// The files of providers are read, and what they make of a sample is a request.
#[test]
fn the_examples_for_providers_start() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/providers");
    let mut count = 0;
    for entry in std::fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_none_or(|extension| extension != "http") {
            continue;
        }
        count += 1;
        let dir = tempfile::tempdir().unwrap();
        std::fs::copy(&entry, dir.path().join("sms.http")).unwrap();
        let templates = dir.path().display().to_string();
        let variables = [URL, ("OTP_DELIVERY_SECRET__SMS", "k3y"), PREFIXES, ("OTP_TEMPLATES_DIR", &templates)];
        let builder = variables.iter().fold(Sidecar::builder(), |builder, (name, value)| builder.set(name, value));
        let (code, _, err) = builder.run(&["check-config"]);
        assert_eq!(code, 0, "{}: {err}", entry.display());
    }
    assert!(count >= 4, "{count}");
}

#[test]
fn the_command_sends_a_sample_and_says_what_became_of_it() {
    let provider = Provider::start();
    for (how, words, code, told) in [
        ("200", ["sms", ANN], 0, "accepted: 123456 is your default code"),
        ("400", ["sms", ANN], 1, "refused with 400, permanent"),
        ("close", ["sms", ANN], 69, "unreachable, unknown"),
        ("200", ["sms", "ann@example.com"], 2, "no number"),
    ] {
        let variables = channels(&provider, &[("SMS", how)]);
        let builder = variables.iter().fold(Sidecar::builder(), |builder, (name, value)| builder.set(name, value));
        let (exit, out, err) = builder.run(&["deliver", words[0], words[1]]);
        assert!(exit == code && format!("{out}{err}").contains(told), "{how} {words:?}: {exit} {out} {err}");
    }
    assert_eq!(provider.asked().len(), 3);
}
