//! `otp-sidecar audit`: whether trails are as they were written.

use std::{fs, path::Path, time::Duration};

use serde_json::Value;

use crate::support::{
    Redis, Sidecar, TrailDir, keys,
    rig::UNLIMITED,
    trail::{self, Verified, run, verify},
    wait,
};

/// A trail of some events, whose sidecar was stopped.
async fn stopped() -> TrailDir {
    let (redis, dir) = (Redis::start(), TrailDir::new());
    let mut builder = Sidecar::builder().on(&redis).set_all(&UNLIMITED);
    for (name, value) in dir.variables() {
        builder = builder.set(name, &value);
    }
    let mut sidecar = builder.start();
    for n in 0..20 {
        sidecar.client().issue(&format!("user{n}")).await;
    }
    assert!(sidecar.terminate().0.success());
    dir
}

fn edit(path: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<String> = fs::read_to_string(path).unwrap().split_inclusive('\n').map(str::to_owned).collect();
    change(&mut lines);
    fs::write(path, lines.concat()).unwrap();
}

#[tokio::test]
async fn a_sound_trail_is_said_to_be_with_any_key_that_is_at_hand() {
    let dir = stopped().await;
    let path = dir.path().display().to_string();
    let index = [("OTP_INDEX_KEY", keys::INDEX_KEY)];
    let Verified { code, text } = verify(&[&path], &index);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("as it was written: ") && !text.contains("note"), "{text}");
    assert!(text.contains("unchecked: what followed in trail") && text.contains("--against-store"), "{text}");
    // The public key alone, from a file or as it is printed; and without any key.
    let pem = run(&["audit", "key"], &index);
    assert!(pem.code == 0 && pem.text.starts_with("-----BEGIN PUBLIC KEY-----"), "{}", pem.text);
    let file = dir.beside("key.pem");
    fs::write(&file, &pem.text).unwrap();
    let own = trail::trails(&dir.path())[0].join("public-key");
    assert_eq!(fs::read_to_string(own).unwrap(), pem.text);
    let inner = pem.text.lines().nth(1).unwrap();
    for key in [file.display().to_string().as_str(), inner] {
        let Verified { code, text } = verify(&[&path, "--public-key", key], &[]);
        assert!(code == 0 && !text.contains("note"), "{text}");
    }
    let Verified { code, text } = verify(&[&path], &[]);
    assert!(code == 0 && text.contains("the trail's own public key was believed"), "{text}");
}

#[tokio::test]
async fn each_kind_of_tampering_has_its_exit_code_and_the_line_is_named() {
    let dir = stopped().await;
    let path = dir.path().display().to_string();
    let segment = trail::segments(&dir.trails()[0])[0].clone();
    let whole = fs::read(&segment).unwrap();
    type Change = fn(&mut Vec<String>);
    let changes: [(i32, &str, Change); 4] = [
        (10, "altered", |lines| lines[3] = lines[3].replace("lock_level\":0", "lock_level\":1")),
        (11, "missing", |lines| drop(lines.remove(3))),
        (10, "altered", |lines| lines.insert(3, lines[2].clone())),
        (17, "cut off", |lines| lines.truncate(3)),
    ];
    for (code, word, change) in changes {
        edit(&segment, change);
        let verified = verify(&[&path], &[("OTP_INDEX_KEY", keys::INDEX_KEY)]);
        assert_eq!(verified.code, code, "{}", verified.text);
        assert!(verified.text.contains(word) && verified.text.contains("00000001.jsonl"), "{}", verified.text);
        assert!(code == 17 || verified.text.contains("line 4"), "{}", verified.text);
        fs::write(&segment, &whole).unwrap();
    }
    let wrong = "b3RoZXIta2V5LW9mLXRoZS10ZXN0cy0wMTIzNDUtYS0=";
    assert_eq!(verify(&[&path], &[("OTP_INDEX_KEY", wrong)]).code, 18);
    edit(&dir.trails()[0].join("head"), |lines| lines[0] = lines[0].replace("\"n\":", "\"m\":"));
    assert_eq!(verify(&[&path], &[("OTP_INDEX_KEY", keys::INDEX_KEY)]).code, 10);
    assert_eq!(verify(&[&path, "--against-store"], &[("OTP_INDEX_KEY", keys::INDEX_KEY)]).code, 64);
    assert_eq!(verify(&["/nowhere"], &[]).code, 18);
    assert_eq!(verify(&[], &[]).code, 2);
    assert_eq!(verify(&[&path, "--public-key", "nonsense"], &[]).code, 2);
    assert_eq!(verify(&[&path], &[("OTP_INDEX_KEY", "short")]).code, 64);
    assert_eq!(run(&["audit", "key"], &[]).code, 64);
}

#[tokio::test]
async fn what_is_found_can_be_read_by_a_program() {
    let dir = stopped().await;
    let path = dir.path().display().to_string();
    let read = || -> (i32, Value) {
        let Verified { code, text } = verify(&[&path, "--json"], &[("OTP_INDEX_KEY", keys::INDEX_KEY)]);
        (code, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    };
    let (code, report) = read();
    assert_eq!(
        (code, &report["sound"], &report["trails"][0]["believed"]),
        (0, &true.into(), &false.into()),
        "{report}"
    );
    assert!(report["events"].as_u64() >= Some(20), "{report}");
    let segment = trail::segments(&dir.trails()[0])[0].clone();
    edit(&segment, |lines| drop(lines.remove(3)));
    let (code, report) = read();
    let first = &report["findings"][0];
    assert_eq!((code, &first["kind"], &first["line"]), (11, &"missing".into(), &4.into()), "{report}");
}

#[tokio::test]
async fn what_was_planted_in_a_trail_is_found() {
    let dir = stopped().await;
    let forged = "{\"n\":1,\"bucket\":1,\"epoch\":1,\"seq\":0,\"type\":\"admin.unlock\",\"actor\":\"mallory\"}\n";
    for (name, code) in [
        ("00000000.jsonl", 10),
        ("0000002.jsonl", 10),
        ("00000001b.jsonl", 10),
        ("forged.jsonl", 10),
        ("00000002.jsonl", 10),
    ] {
        let path = dir.trails()[0].join(name);
        fs::write(&path, forged).unwrap();
        let verified = dir.verify();
        assert!(verified.code == code && verified.text.contains(name), "{name}: {}", verified.text);
        fs::remove_file(path).unwrap();
    }
    dir.is_sound();
}

#[tokio::test]
async fn an_older_head_is_found_and_costs_no_event() {
    let (redis, dir) = (Redis::start(), TrailDir::new());
    let mut builder = Sidecar::builder().on(&redis).set_all(&UNLIMITED);
    for (name, value) in dir.variables() {
        builder = builder.set(name, &value);
    }
    let run = async |subject: &str| {
        let mut sidecar = builder.clone().start();
        sidecar.client().issue(subject).await;
        // Its predecessor holds the leases for some seconds.
        let left = || {
            let left: u64 = redis.streams().iter().map(|stream| redis.ask_key::<u64>("XLEN", stream, &[])).sum();
            (left == 0).then_some(())
        };
        wait::until("an empty outbox", Duration::from_secs(20), left);
        assert!(sidecar.terminate().0.success());
    };
    run("ann").await;
    let trail = dir.trails()[0].clone();
    let older = fs::read(trail.join("head")).unwrap();
    run("bob").await;
    let before = dir.identities();
    fs::write(trail.join("head"), &older).unwrap();
    assert_eq!(dir.verify().code, 10, "{}", dir.verify().text);
    run("cy").await;
    assert!(dir.identities().is_superset(&before), "what was written is still there");
    assert_eq!((dir.trails().len(), dir.verify().code), (2, 10));
}

#[tokio::test]
async fn keys_that_the_private_server_keeps_are_keys_like_others() {
    let dir = stopped().await;
    let data = dir.beside("data");
    fs::create_dir(&data).unwrap();
    let kept = |key: &str| fs::write(data.join("keys"), format!("OTP_PEPPER={key}\nOTP_INDEX_KEY={key}\n")).unwrap();
    let (path, home) = (dir.path().display().to_string(), data.display().to_string());
    kept(keys::INDEX_KEY);
    assert_eq!(verify(&[&path], &[("OTP_DATA_DIR", &home)]).code, 0);
    kept("b3RoZXIta2V5LW9mLXRoZS10ZXN0cy0wMTIzNDUtYS0=");
    let Verified { code, text } = verify(&[&path], &[("OTP_DATA_DIR", &home)]);
    assert!(code == 18 && text.contains("OTP_DATA_DIR"), "{text}");
}
