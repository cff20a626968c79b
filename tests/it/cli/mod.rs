//! Words of the command line, and the commands that ask nobody.

use std::{collections::BTreeMap, convert::Infallible, ffi::OsString, fs::File, process::Stdio};

use rand::TryRng;

use otp_sidecar::{
    cli::{Command, Exit, Failure, admin::Console, check_config, keygen, parse},
    config::{Config, table::VARIABLES},
};

fn parsed(args: &[&str]) -> (Result<Command, Exit>, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = std::iter::once("otp-sidecar").chain(args.iter().copied()).map(OsString::from);
    let result = parse(words, &mut out, &mut err);
    (result, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn checked(variables: &[(&str, &str)], json: bool) -> (Exit, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let pairs = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let exit = check_config::run(pairs, json, None, &mut out, &mut err);
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn no_word_means_serve() {
    assert_eq!(parsed(&[]).0, Ok(Command::Serve));
    assert_eq!(parsed(&["serve"]).0, Ok(Command::Serve));
    assert_eq!(parsed(&["check-config", "--json"]).0, Ok(Command::CheckConfig { json: true, connect: false }));
    assert_eq!(parsed(&["keygen"]).0, Ok(Command::Keygen));
    let args = ["/usr/bin/redis-server", "--port", "0", "--help"].map(OsString::from).to_vec();
    assert_eq!(
        parsed(&["guard-redis", "/usr/bin/redis-server", "--port", "0", "--help"]).0,
        Ok(Command::GuardRedis { args })
    );
}

#[test]
fn wrong_words_are_wrong_usage_on_stderr() {
    for wrong in [vec!["frobnicate"], vec!["serve", "now"], vec!["check-config", "--yaml"]] {
        let (result, out, err) = parsed(&wrong);
        assert_eq!(result, Err(Exit::Usage));
        assert!(out.is_empty() && err.contains("error:"), "{err}");
    }
}

#[test]
fn help_lists_every_variable_and_no_hidden_word() {
    let (result, out, err) = parsed(&["--help"]);
    assert_eq!((result, err.as_str()), (Err(Exit::Done), ""));
    for row in VARIABLES {
        assert!(out.lines().any(|line| line.trim_start().starts_with(&format!("{} ", row.name))), "{}", row.name);
    }
    assert!(!out.contains("guard-redis"));
    assert!(out.contains("characters in a code, 4 to 32 [6]") && out.contains("[5; balanced: 10]"), "{out}");
    assert_eq!(parsed(&["--version"]).0, Err(Exit::Done));
}

#[test]
fn check_config_prints_what_is_in_force_with_secrets_redacted() {
    let key = format!("shop:{}", "s3cret".repeat(6));
    let (exit, out, err) = checked(&[("OTP_API_KEYS", &key), ("OTP_LENGTH__RESET", "8")], false);
    assert_eq!(exit, Exit::Done);
    let shown: BTreeMap<&str, &str> =
        out.lines().filter_map(|line| line.split_once("  ")).map(|(name, value)| (name, value.trim())).collect();
    for row in VARIABLES {
        assert_eq!(shown.contains_key(row.name), row.is_served(), "{}", row.name);
    }
    assert_eq!((shown["OTP_API_KEYS"], shown["OTP_ADMIN_KEYS"]), ("set (1 key)", "not set"));
    assert_eq!((shown["OTP_LENGTH"], shown["OTP_LENGTH__RESET"]), ("6", "8"));
    assert_eq!((shown["MAX_ATTEMPTS_PER_USER_PER_HOUR"], shown["OTP_LIFETIME_MINUTES"]), ("3/1h", "5m"));
    assert!(err.starts_with("warning: OTP_ADMIN_KEYS is not set"), "{err}");
    let column = |line: &str| line.len() - line.trim_start_matches(|c| c != ' ').trim_start().len();
    let starts: Vec<_> = out.lines().map(column).collect();
    assert!(starts.windows(2).all(|pair| pair[0] == pair[1]), "{out}");
}

#[test]
fn check_config_prints_one_json_object_on_request() {
    let (exit, out, _) = checked(&[("OTP_PRESET", "balanced")], true);
    assert_eq!(exit, Exit::Done);
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&object["OTP_LENGTH"], &object["PROGRESSIVE_LOCKOUT"]), (&6.into(), &false.into()));
    assert_eq!(object["MAX_ATTEMPTS_PER_IP_PER_HOUR"], "off");
}

#[test]
fn check_config_puts_every_mistake_on_a_line_of_its_own_and_exits_64() {
    for json in [false, true] {
        let (exit, out, err) = checked(&[("OTP_LENGTH", "x"), ("OTP_TYPO", "1")], json);
        assert_eq!((exit.code(), out.as_str()), (64, ""));
        let names: Vec<_> = err.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(names, ["OTP_TYPO", "OTP_LENGTH"]);
    }
}

/// Bytes that count up: each secret then differs from the others.
struct Counting(u8);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

#[test]
fn what_keygen_prints_starts_a_server() {
    let mut out = Vec::new();
    assert_eq!(keygen::run(&mut Counting(0), &mut out, &mut Vec::new()), Exit::Done);
    let text = String::from_utf8(out).unwrap();
    let pairs: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('=')).collect();
    assert_eq!(
        pairs.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["OTP_PEPPER", "OTP_INDEX_KEY", "OTP_AUDIT_KEY", "OTP_API_KEYS", "OTP_ADMIN_KEYS"]
    );
    for (bearer, (name, value)) in ["", "", "", "default:", "ops:"].iter().zip(&pairs) {
        let secret = value.strip_prefix(bearer).unwrap_or_else(|| panic!("{name}={value}"));
        assert!(secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit()), "{name}={value}");
    }
    let mut pairs: Vec<(OsString, OsString)> = pairs.iter().map(|(n, v)| (n.into(), v.into())).collect();
    pairs.push(("REDIS_URL".into(), "redis://127.0.0.1".into()));
    pairs.push(("OTP_LISTEN".into(), "0.0.0.0:8080".into()));
    pairs.push(("OTP_ADMIN_LISTEN".into(), "0.0.0.0:8081".into()));
    let (_, warnings) = Config::from_env(pairs).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn keygen_from_the_operating_system_never_repeats_itself() {
    let print = || {
        let mut out = Vec::new();
        assert_eq!(keygen::run(&mut rand::rngs::SysRng, &mut out, &mut Vec::new()), Exit::Done);
        out
    };
    assert_ne!(print(), print());
}

/// A full disk is said, and a reader that has gone had enough.
#[test]
fn an_output_that_cannot_be_written_is_said_on_stderr() {
    for args in [&["keygen"][..], &["check-config"], &["--help"], &["help", "keygen"]] {
        let printed = |to: Stdio| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_otp-sidecar"));
            let command = command.env_clear().args(args).stdout(to).stderr(Stdio::piped());
            let done = command.spawn().unwrap().wait_with_output().unwrap();
            let err = String::from_utf8(done.stderr).unwrap();
            let said: Vec<String> =
                err.lines().filter(|line| !line.starts_with("warning: ")).map(str::to_owned).collect();
            (done.status.code(), said)
        };
        let (code, said) = printed(File::create("/dev/full").unwrap().into());
        assert_eq!((code, said.len()), (Some(73), 1), "{args:?}: {said:?}");
        assert!(said[0].starts_with("standard output cannot be written: No space left"), "{said:?}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(printed(writer.into()), (Some(0), vec![]), "{args:?}");
    }
}

#[test]
fn help_about_a_word_that_is_none_names_the_nearest_and_does_nothing() {
    for (words, wanted) in [(&["help", "unlok"][..], "'unlock'"), (&["help", "audit", "verfy"], "'verify'")] {
        let (result, out, err) = parsed(words);
        assert!(result == Err(Exit::Usage) && out.is_empty() && err.contains(wanted), "{err}");
    }
    // Behind `help` it is never done.
    assert_eq!(parsed(&["help", "unlock", "ann"]).0, Err(Exit::Usage));
    assert_eq!(parsed(&["help", "audit", "verify"]).0, Err(Exit::Done));
}

/// A slip in a path is no word about anybody's trail.
#[test]
fn a_directory_without_a_trail_is_not_said_to_be_altered() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("nowhere")] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_otp-sidecar"));
        let done = command.env_clear().args(["audit", "verify"]).arg(path).output().unwrap();
        let out = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.code() == Some(18) && out.contains("\nnot verified; whether"), "{out}");
    }
}

#[test]
fn an_address_may_have_white_space_around_it_as_in_calls() {
    for words in [&["unlock"][..], &["inspect", "ada"]] {
        let with = |address| parsed(&[words, &["--ip", address]].concat()).0;
        assert!(with("198.51.100.9").is_ok());
        assert_eq!(with(" 198.51.100.9\t"), with("198.51.100.9"));
        assert_eq!(with("198.51.100"), Err(Exit::Usage));
    }
}

#[test]
fn only_yes_is_yes_and_nobody_is_asked_who_is_not_there_or_said_it_beforehand() {
    let ask = |typed: &str, asks, what: &dyn Fn(&mut Console<'_>) -> Result<(), Failure>| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let done = what(&mut Console { input: &mut typed.as_bytes(), out: &mut out, err: &mut err, asks });
        (done.err().map(|failure| failure.exit), String::from_utf8(err).unwrap())
    };
    let confirm = |sure| move |console: &mut Console<'_>| console.confirm("Unlock a\u{1b}?", sure);
    for (typed, exit) in [("y\n", None), ("YES\n", None), ("\n", Some(Exit::Refused)), ("ja\n", Some(Exit::Refused))] {
        assert_eq!(ask(typed, true, &confirm(false)), (exit, "Unlock a\\u{1b}? [y/N] ".into()), "{typed:?}");
    }
    assert_eq!(ask("y\n", false, &confirm(false)), (Some(Exit::Usage), String::new()));
    assert_eq!(ask("", false, &confirm(true)), (None, String::new()));
    let reason = |given| move |console: &mut Console<'_>| console.reason(given).map(drop);
    assert_eq!(ask("", false, &reason(Some("ticket 7"))).0, None);
    assert_eq!(ask("on the phone\n", true, &reason(None)), (None, "Reason: ".into()));
    for (typed, asks, given) in [("x\n", false, None), ("\n", true, None), ("", true, Some(" "))] {
        assert_eq!(ask(typed, asks, &reason(given)).0, Some(Exit::Usage));
    }
}
