//! The audit trail in a directory.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{Redis, Rig, Sidecar, TrailDir, keys, launch::REDIS_TIMEOUT, rig::UNLIMITED, trail, wait};

/// Variables as [`Rig`] takes them, those of the directory first.
fn with<'a>(dir: &'a [(&'static str, String)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    UNLIMITED
        .iter()
        .copied()
        .chain(dir.iter().map(|(name, value)| (*name, value.as_str())))
        .chain(more.iter().copied())
        .collect()
}

/// Waits until nothing is left in Redis to be written.
#[track_caller]
fn written(redis: &Redis) {
    let left = || {
        let left: u64 = redis.streams().iter().map(|stream| redis.ask_key::<u64>("XLEN", stream, &[])).sum();
        (left == 0).then_some(())
    };
    wait::until("an empty outbox", wait::PATIENCE, left);
}

#[tokio::test]
async fn without_being_told_otherwise_the_trail_goes_into_the_data_directory() {
    let redis = Redis::start();
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data").display().to_string();
    let builder = Sidecar::builder().on(&redis).set_all(&UNLIMITED).set("OTP_DATA_DIR", &data).unset("OTP_AUDIT_SINK");
    let mut sidecar = builder.start();
    sidecar.client().issue("ada").await;
    written(&redis);
    assert!(sidecar.terminate().0.success());
    assert!(sidecar.all_event_lines().is_empty());
    let trails = trail::trails(&home.path().join("data/audit"));
    assert_eq!(trails.len(), 1);
    let types: Vec<String> = trail::events(&trails[0]).iter().map(|e| e["type"].as_str().unwrap().to_owned()).collect();
    assert!(types.contains(&"send".to_owned()) && types.contains(&"stop".to_owned()), "{types:?}");
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&home.path().join("data/audit")), mode(&trails[0])), (0o700, 0o700));
    assert_eq!(mode(&trail::segments(&trails[0])[0]), 0o600);
}

#[tokio::test]
async fn one_that_starts_again_goes_on_with_its_trail_and_marks_its_end() {
    let (redis, dir) = (Redis::start(), TrailDir::new());
    let variables = dir.variables();
    let builder = Sidecar::builder().on(&redis).set_all(&with(&variables, &[]));
    for life in 0..3 {
        let mut sidecar = builder.clone().start();
        sidecar.client().issue(&format!("user{life}")).await;
        written(&redis);
        if life == 1 {
            sidecar.kill();
        } else {
            assert!(sidecar.terminate().0.success());
        }
    }
    written(&redis);
    assert_eq!(dir.trails().len(), 1);
    dir.is_sound();
    assert_eq!(dir.identities(), TrailDir::all_of(&redis));
    let segments = trail::segments(&dir.trails()[0]);
    let text = fs::read_to_string(&segments[0]).unwrap();
    let end: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!((segments.len(), end["mark"]["as"].as_str()), (1, Some("mark")), "{end}");
    // Who wrote a bucket before is said where it was another, and here it never was.
    assert!(text.contains("\"before\":{\"bucket\":") && !text.contains("\"before\":{\"bucket\":0,\"trail\""));
}

#[tokio::test]
async fn several_share_a_directory_and_what_a_dead_one_left_another_writes_within_seconds() {
    let (redis, dir) = (Redis::start(), TrailDir::new());
    let variables = dir.variables();
    let mut rig = Rig::over(redis, &with(&variables, &[]));
    let mut other = Sidecar::builder().on(&rig.redis).set_all(&with(&variables, &[])).start();
    for n in 0..100 {
        rig.client.issue(&format!("user{n}")).await;
    }
    rig.sidecar.kill();
    for n in 100..120 {
        other.client().issue(&format!("user{n}")).await;
    }
    // A lease that its holder cannot renew ends after 5 s.
    written(&rig.redis);
    assert!(other.terminate().0.success());
    assert_eq!(dir.trails().len(), 2);
    dir.is_sound();
    assert_eq!(dir.identities(), TrailDir::all_of(&rig.redis));
}

#[tokio::test]
async fn what_is_written_and_how_late_is_counted() {
    let dir = TrailDir::new();
    let variables = dir.variables();
    let rig = Rig::start(&with(&variables, &[]));
    rig.client.issue("ada").await;
    written(&rig.redis);
    // The sidecar's own start is one, too. What is gone from Redis is counted next, and then nothing is late any more.
    let counted = || async {
        let metrics = rig.metrics().await;
        let (exported, lag) =
            (metrics.value("otp_events_exported_total", &[]), metrics.value("otp_audit_lag_seconds", &[]));
        (exported >= 2.0 && lag == 0.0).then_some(metrics)
    };
    let metrics = wait::until_async("both to be counted", wait::PATIENCE, counted).await;
    assert_eq!(metrics.value("otp_audit_write_errors_total", &[]), 0.0);
}

#[tokio::test]
async fn a_second_place_for_checkpoints_is_filled_and_does_without_when_it_is_gone() {
    let dir = TrailDir::new();
    let (variables, copies) = (dir.variables(), dir.beside("copies"));
    let (redis, place) = (Redis::start(), copies.display().to_string());
    let variables = with(&variables, &[("OTP_AUDIT_CHECKPOINT_DIR", &place)]);
    let builder = Sidecar::builder().on(&redis).set_all(&variables);
    let mut sidecar = builder.clone().start();
    sidecar.client().issue("ada").await;
    written(&redis);
    assert!(sidecar.terminate().0.success());
    assert_eq!(fs::read_dir(&copies).unwrap().count(), 1);
    let verified = || {
        let keys = [("OTP_INDEX_KEY", crate::support::keys::INDEX_KEY)];
        trail::verify(&[&dir.path().display().to_string(), "--checkpoints", &place], &keys)
    };
    assert_eq!(verified().code, 0, "{}", verified().text);
    // A trail put back as it was before: it is sound in itself, and the second place knows better.
    let before = dir.beside("before");
    copy(&dir.trails()[0], &before);
    let mut sidecar = builder.clone().start();
    sidecar.client().issue("bob").await;
    written(&redis);
    assert!(sidecar.terminate().0.success());
    let (after, trail) = (dir.beside("after"), dir.trails()[0].clone());
    fs::rename(&trail, &after).unwrap();
    fs::rename(&before, &trail).unwrap();
    dir.is_sound();
    assert_eq!(verified().code, 17, "{}", verified().text);
    fs::remove_dir_all(&trail).unwrap();
    fs::rename(&after, &trail).unwrap();
    // And without it events are written all the same.
    fs::remove_dir_all(&copies).unwrap();
    fs::write(&copies, "a file").unwrap();
    let mut sidecar = builder.start();
    sidecar.client().issue("cyd").await;
    written(&redis);
    assert!(sidecar.terminate().0.success());
    assert!(sidecar.log_lines().iter().any(|line| line.contains("OTP_AUDIT_CHECKPOINT_DIR")));
    dir.is_sound();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[tokio::test]
async fn with_both_sinks_the_lines_of_the_trail_are_printed_and_are_a_second_witness() {
    let (redis, dir) = (Redis::start(), TrailDir::new());
    let variables = dir.variables();
    let builder = Sidecar::builder().on(&redis).set_all(&with(&variables, &[])).set("OTP_AUDIT_SINK", "dir,stdout");
    let mut sidecar = builder.start();
    for n in 0..5 {
        sidecar.client().issue(&format!("user{n}")).await;
    }
    written(&redis);
    assert!(sidecar.terminate().0.success());
    let text = fs::read_to_string(&trail::segments(&dir.trails()[0])[0]).unwrap();
    let printed = sidecar.all_event_lines();
    assert_eq!(printed.iter().map(|line| format!("{line}\n")).collect::<String>(), text);
    let kept = dir.beside("printed");
    fs::write(&kept, &text).unwrap();
    let verified = || {
        let keys = [("OTP_INDEX_KEY", crate::support::keys::INDEX_KEY)];
        trail::verify(&[&dir.path().display().to_string(), "--checkpoints", &kept.display().to_string()], &keys)
    };
    let sound = verified();
    assert!(sound.code == 0 && !sound.text.contains("unchecked"), "{}", sound.text);
    // Its end cut off, head and all, and put right: it is the printed mark that tells.
    fs::remove_dir_all(&dir.trails()[0]).unwrap();
    fs::create_dir(dir.path().join("trail-00000000")).unwrap();
    assert_ne!(verified().code, 0);
}

/// A newest trail that was taken away is known to nobody but the store.
#[tokio::test]
async fn the_store_tells_of_trails_that_were_taken_away_and_the_sidecar_at_its_next_start() {
    let (redis, dir) = (Redis::start(), TrailDir::new());
    let variables = dir.variables();
    let builder = Sidecar::builder().on(&redis).set_all(&with(&variables, &[]));
    let run = async |subject: &str| {
        let mut sidecar = builder.clone().start();
        sidecar.client().issue(subject).await;
        written(&redis);
        assert!(sidecar.terminate().0.success());
        sidecar
    };
    let mut first = builder.clone().start();
    let against_store = || {
        let environment = [
            ("OTP_INDEX_KEY", keys::INDEX_KEY),
            ("OTP_PEPPER", keys::PEPPER),
            ("OTP_REDIS_TIMEOUT", REDIS_TIMEOUT),
            ("REDIS_URL", &redis.url()),
        ];
        trail::verify(&[&dir.path().display().to_string(), "--against-store"], &environment)
    };
    first.client().issue("ann").await;
    // Another beside it, which is the newest; then the first goes on with what it has.
    run("bob").await;
    assert_eq!(dir.trails().len(), 2);
    written(&redis);
    assert!(first.terminate().0.success());
    let sound = against_store();
    assert!(sound.code == 0 && !sound.text.contains("unchecked"), "{}", sound.text);
    for trail in dir.trails() {
        let away = dir.beside("away");
        fs::rename(&trail, &away).unwrap();
        let found = against_store();
        assert_eq!(found.code, 11, "{}", found.text);
        fs::rename(&away, &trail).unwrap();
    }
    for trail in dir.trails() {
        fs::remove_dir_all(trail).unwrap();
    }
    let next = run("cyd").await;
    assert!(next.log_lines().iter().any(|line| line.contains("an audit trail is gone")));
    // And the new one says it for ever.
    assert_eq!(dir.verify().code, 11, "{}", dir.verify().text);
}

#[test]
fn a_directory_that_cannot_be_written_is_told_at_start() {
    let (redis, dir) = (Redis::start(), TrailDir::new());
    fs::write(dir.path(), "a file").unwrap();
    let variables = dir.variables();
    let (code, text) = Sidecar::builder().on(&redis).set_all(&with(&variables, &[])).expect_no_start();
    assert_eq!(code, 73, "{text}");
    assert!(text.contains("OTP_AUDIT_DIR") && text.contains("OTP_AUDIT_SINK=stdout"), "{text}");
}
