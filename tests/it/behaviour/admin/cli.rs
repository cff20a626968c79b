//! The operator's commands.

use std::process::Output;

use assert_cmd::Command;
use serde_json::{Value, json};

use super::{SOON, rig};
use crate::support::{Address, Redis, Rig, Sidecar, keys, wait, wrong_code_than};

/// The command with the environment that an operator of `sidecar` has.
fn command(sidecar: &Sidecar, key: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otp-sidecar"));
    command.env_clear().env("OTP_ADMIN_URL", url(sidecar)).env("OTP_ADMIN_KEY", key);
    command
}

pub fn url(sidecar: &Sidecar) -> String {
    match sidecar.admin() {
        Address::Tcp(address) => format!("http://{address}"),
        Address::Unix(path) => format!("unix:{}", path.display()),
    }
}

/// Runs it as the admin `ops`; answers exit code, standard output and standard error.
pub fn run(sidecar: &Sidecar, args: &[&str]) -> (i32, String, String) {
    read(command(sidecar, keys::ADMIN_KEY).args(args).output().expect("the binary"))
}

fn read(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

/// What it prints when all is well.
#[track_caller]
fn done(sidecar: &Sidecar, args: &[&str]) -> String {
    let (code, out, err) = run(sidecar, args);
    assert_eq!(code, 0, "{args:?}: {out}{err}");
    out
}

pub const SURE: [&str; 4] = ["--reason", "ticket 7", "--yes", "--tenant=shop"];

#[tokio::test]
async fn a_lock_is_listed_explained_and_lifted() {
    let rig = rig(&[]);
    assert_eq!(done(&rig.sidecar, &["locks"]), "Nobody is locked.\n");
    rig.lock_out("Ann@example.com").await;
    let listed = || {
        let out = done(&rig.sidecar, &["locks"]);
        out.contains("Ann@example.com").then_some(out)
    };
    let listed = wait::until("the name", SOON, listed);
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    for (heading, value) in [("TENANT", "shop"), ("FAILURES", "5"), ("REASON", "too many failures")] {
        assert!(lines[0].contains(heading) && lines[1].contains(value), "{listed}");
    }
    // Aligned: a value begins where its heading does.
    assert_eq!(lines[0].find("TENANT"), lines[1].find("shop"), "{listed}");
    assert!(!listed.contains('\t'));
    let why = done(&rig.sidecar, &["inspect", "Ann@example.com", "--tenant", "shop"]);
    assert!(why.contains("subject_locked") && why.contains("time, or an unlock"), "{why}");
    let unlocked = done(&rig.sidecar, &[&["unlock", "ann@example.com"], &SURE[..]].concat());
    assert_eq!(unlocked, "Unlocked.\n");
    let (code, out, err) = run(&rig.sidecar, &[&["unlock", "ann@example.com"], &SURE[..]].concat());
    assert_eq!((code, &*out), (1, ""));
    assert!(err.contains("nobody was unlocked: nothing stops ann@example.com"), "{err}");
    let why = done(&rig.sidecar, &["inspect", "Ann@example.com", "--tenant", "shop"]);
    assert!(why.starts_with("Nothing stops this user.\n"), "{why}");
    rig.client.issue("Ann@example.com").await;
}

#[tokio::test]
async fn a_lock_by_hand_says_until_when() {
    let rig = rig(&[]);
    rig.client.issue("ada").await;
    let out = done(&rig.sidecar, &[&["lock", "ada", "--minutes", "30"], &SURE[..]].concat());
    assert!(out.starts_with("Locked until 20") && out.ends_with("Z.\n"), "{out}");
    let out = done(&rig.sidecar, &[&["lock", "ada", "--minutes", "1"], &SURE[..]].concat());
    assert!(out.starts_with("A longer lock runs already, until "), "{out}");
    rig.client.send("ada").await.refused(429, "subject_locked");
    let out = done(&rig.sidecar, &["unlock", "--all", "--reason", "x", "--yes"]);
    assert_eq!(out, "1 unlocked.\n");
    let (code, _, err) =
        run(&rig.sidecar, &["unlock", "--ip", "203.0.113.4", "--tenant", "shop", "--reason", "x", "-y"]);
    assert!(code == 1 && err.contains("nothing stops this network"), "{code}: {err}");
    let out = done(&rig.sidecar, &["unlock", "--all", "--reason", "x", "--yes"]);
    assert_eq!(out, "There was nobody to unlock.\n");
}

#[tokio::test]
async fn with_json_it_prints_what_the_server_says() {
    let rig = rig(&[]);
    rig.lock_out("ada").await;
    let parsed = |args: &[&str]| serde_json::from_str::<Value>(&done(&rig.sidecar, args)).expect("JSON");
    assert_eq!(parsed(&["locks", "--json"])["locks"][0]["reason"], json!("too_many_failures"));
    assert_eq!(parsed(&["stats", "--json"])["locked"], json!(1));
    assert_eq!(parsed(&["inspect", "ada", "--tenant", "shop", "--json"])["lock"]["running"], json!(true));
    assert!(parsed(&["report", "--since", "1h", "--json"])["figures"].is_array());
    assert!(parsed(&["events", "--json"])["events"].is_array());
    let unlocked = parsed(&[&["unlock", "ada", "--json"], &SURE[..]].concat());
    assert_eq!(unlocked, json!({"unlocked": 1}));
}

#[tokio::test]
async fn stats_events_and_report_are_for_people_to_read() {
    let rig = rig(&[]);
    rig.lock_out("ada").await;
    done(&rig.sidecar, &[&["unlock", "ada"], &SURE[..]].concat());
    let complete = || done(&rig.sidecar, &["events", "--type", "admin.unlock"]).contains("ticket 7").then_some(());
    wait::until("the event", SOON, complete);
    let stats = done(&rig.sidecar, &["stats"]);
    assert!(stats.contains("live codes") && stats.contains("wrong_code_locks"), "{stats}");
    let events = done(&rig.sidecar, &["events", "--since", "1h", "--limit", "1000"]);
    let lockout = events.lines().find(|line| line.contains(" lockout ")).expect("the lockout");
    assert!(lockout.contains("ada") && lockout.contains("shop"), "{events}");
    let report = done(&rig.sidecar, &["report", "--since", "24h"]);
    for part in ["# Security review", "| lockouts | 1 | 0 | new |", "`otp-sidecar report DIR`"] {
        assert!(report.contains(part), "{part}\n{report}");
    }
}

/// A telephone number is no formula, and a column is as wide as what stands in it.
#[tokio::test]
async fn a_table_has_its_columns_under_their_headings() {
    let rig = rig(&[]);
    for subject in ["+49 (151) 123-45", "日本"] {
        done(&rig.sidecar, &[&["lock", subject, "--minutes", "5"], &SURE[..]].concat());
    }
    // Names are there as soon as the locks are in the trail.
    let named = || Some(done(&rig.sidecar, &["locks"])).filter(|locks| locks.matches("shop").count() == 2);
    let locks = wait::until("their names", SOON, named);
    let tenant = locks.find("TENANT").expect("a column");
    let phone = locks.lines().find(|line| line.starts_with("+49 (151) 123-45 ")).expect("the number");
    assert_eq!(phone.find("shop"), Some(tenant), "{locks}");
    // Two columns each.
    let wide = locks.lines().find(|line| line.starts_with("日本 ")).expect("the other");
    assert_eq!(wide.find("shop"), Some(tenant + "日本".len() - 4), "{locks}");
    let until = phone.split_whitespace().filter(|word| word.len() == "12:34:56Z".len() && word.ends_with('Z')).count();
    assert_eq!(until, 2, "since and until, to the second: {locks}");
}

#[tokio::test]
async fn what_destroys_asks_or_is_told_not_to() {
    let rig = rig(&[]);
    rig.lock_out("ada").await;
    // There is no terminal here, so that nobody can be asked.
    for args in [
        &["unlock", "ada", "--tenant", "shop", "--reason", "x"][..],
        &["unlock", "--all", "--reason", "x"],
        &["lock", "ada", "--tenant", "shop", "--minutes", "5", "--reason", "x"],
    ] {
        let (code, out, err) =
            read(command(&rig.sidecar, keys::ADMIN_KEY).args(args).write_stdin("y\n").output().unwrap());
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains("--yes"), "{err}");
    }
    let (code, _, err) = run(&rig.sidecar, &["unlock", "ada", "--tenant", "shop", "--yes"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("--reason"), "{err}");
    rig.client.send("ada").await.refused(429, "subject_locked");
}

#[tokio::test]
async fn exit_codes_say_who_said_no() {
    let rig = rig(&[]);
    let with_key = |key: &str, args: &[&str]| read(command(&rig.sidecar, key).args(args).output().unwrap());
    let (code, _, err) = with_key("no-such-key-0123456789-0123456789", &["locks"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("valid key"), "{err}");
    let (code, _, err) = with_key(keys::VIEWER_KEY, &[&["unlock", "ada"], &SURE[..]].concat());
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("may not do that"), "{err}");
    let (code, _, err) = run(&rig.sidecar, &["inspect", "ada"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("--tenant:") && err.contains("several tenants"), "{err}");
    for usage in [
        &["unlock"][..],
        &["lock", "ada"],
        &["lock", "ada", "--minutes", "0"],
        &["unlock", "ada", "--all"],
        &["inspect"],
        &["unlock", "ada", "--ref", "00"],
    ] {
        let (code, _, err) = run(&rig.sidecar, &[usage, &["--reason", "x", "--yes"]].concat());
        assert_eq!(code, 2, "{usage:?}: {err}");
    }
    for [call, limit] in [["events", "5000"], ["locks", "0"]] {
        let (code, _, err) = run(&rig.sidecar, &[call, "--limit", limit]);
        assert!(code == 2 && err.contains(limit), "{err}");
    }
    let mut wrong = command(&rig.sidecar, keys::ADMIN_KEY);
    let (code, _, err) = read(wrong.env("OTP_ADMIN_URL", "ftp://x").arg("stats").output().unwrap());
    assert_eq!(code, 64, "{err}");
    assert!(err.starts_with("OTP_ADMIN_URL "), "{err}");
    let mut nobody = command(&rig.sidecar, keys::ADMIN_KEY);
    let (code, _, err) = read(nobody.env("OTP_ADMIN_URL", "http://127.0.0.1:1").arg("stats").output().unwrap());
    assert_eq!(code, 69, "{err}");
    assert!(err.contains("http://127.0.0.1:1"), "{err}");
}

#[tokio::test]
async fn a_healthcheck_tells_ready_from_not_ready_from_gone() {
    let Rig { sidecar, mut redis, .. } = rig(&[]);
    let check = |sidecar: &Sidecar| {
        let mut command = command(sidecar, "");
        read(command.env_remove("OTP_ADMIN_KEY").arg("healthcheck").output().unwrap())
    };
    assert_eq!(check(&sidecar).0, 0);
    redis.kill();
    wait::until("not to be ready", SOON, || (check(&sidecar).0 == 1).then_some(()));
    assert!(check(&sidecar).2.contains("not ready: store"));
    let url = url(&sidecar);
    drop(sidecar);
    let mut gone = Command::new(env!("CARGO_BIN_EXE_otp-sidecar"));
    let (code, ..) = read(gone.env_clear().env("OTP_ADMIN_URL", url).arg("healthcheck").output().unwrap());
    assert_eq!(code, 69);
}

#[tokio::test]
async fn over_a_unix_socket_it_is_the_same() {
    let redis = Redis::start();
    let sidecar = Sidecar::builder().on(&redis).on_unix_sockets().start();
    let issued = sidecar.client().issue("ada").await;
    sidecar.client().check_id(&issued.id, &wrong_code_than(&issued.code)).await.is(200);
    let out = done(&sidecar, &["inspect", "ada", "--tenant", "shop"]);
    assert!(out.contains("ada") && out.contains("pending"), "{out}");
    assert_eq!(done(&sidecar, &["healthcheck"]), "ready\n");
}

#[test]
fn who_mistypes_is_told_what_to_type_and_nothing_is_done() {
    let rig = rig(&[]);
    let mistyped: [(&[&str], i32, &[&str]); 13] = [
        (&["unlok", "ann"], 2, &["'unlock'"]),
        (&["help", "unlok"], 2, &["'unlock'"]),
        (&["help", "audit", "verfy"], 2, &["'verify'"]),
        (&["audit", "verfy", "."], 2, &["'verify'"]),
        (&["unlock", "ann", "--reson", "x"], 2, &["'--reason'"]),
        (&["lock", "ann", "--reason", "x", "--yes"], 2, &["--minutes <N>"]),
        (&["lock", "ann", "--minutes", "5h", "--yes"], 2, &["--minutes", "whole number, from 1 to 57600"]),
        (&["inspect", "ann", "--tenant", "shpo"], 1, &["--tenant: ", "bank, shop"]),
        (&["lock", "ann", "--minutes", "5", "--reason", "x", "--yes"], 1, &["--tenant: ", "bank, shop"]),
        (&["events", "--type", "lokout"], 1, &["--type: ", "lockout", "admin.unlock"]),
        (&["events", "--since", "yesterday"], 2, &["--since", "10m, 2h or 1d"]),
        (&["unlock", "--ref", "ann"], 2, &["--ref", "32 hexadecimal digits"]),
        (&["deliver", "emial", "ann@example.com"], 2, &["OTP_DELIVERY_URL__", "none"]),
    ];
    let told = |key: &str, args: &[&str], code: i32, words: &[&str]| {
        let (ended, out, err) = read(command(&rig.sidecar, key).args(args).output().expect("the binary"));
        assert_eq!((ended, &*out), (code, ""), "{args:?}: {err}");
        assert!(words.iter().all(|word| err.contains(word)), "{args:?}: {err}");
    };
    for (args, code, words) in mistyped {
        told(keys::ADMIN_KEY, args, code, words);
    }
    let named = ["OTP_ADMIN_KEY", "OTP_ADMIN_KEYS", "OTP_VIEWER_KEYS"];
    told(&"wrong".repeat(8), &["locks"], 1, &named);
    told(&format!("ops:{}", keys::ADMIN_KEY), &["locks"], 1, &["behind the name and the colon", named[1]]);
    let mut app = command(&rig.sidecar, keys::ADMIN_KEY);
    let app = app.env("OTP_ADMIN_URL", format!("http://{}", rig.sidecar.app().host())).arg("locks").output();
    let (ended, _, err) = read(app.expect("the binary"));
    assert!(ended == 1 && err.contains("OTP_ADMIN_URL") && err.contains("OTP_ADMIN_LISTEN"), "{err}");
    let mut keyless = command(&rig.sidecar, "");
    let (ended, _, err) = read(keyless.env_remove("OTP_ADMIN_KEY").arg("locks").output().expect("the binary"));
    assert!(ended == 1 && err.contains("not set") && named.iter().all(|word| err.contains(word)), "{err}");
    assert_eq!(done(&rig.sidecar, &["locks"]), "Nobody is locked.\n");
}
