//! Locks that grow.

use serde_json::json;

use crate::support::{Rig, wait};

async fn unlocked(rig: &Rig) {
    let look = || async { (rig.client.status("ada").await["locked"] == json!(false)).then_some(()) };
    wait::until_async("the end of the lock", wait::PATIENCE, look).await;
}

/// How long each of the next locks lasts, in seconds.
async fn locks(rig: &Rig, count: usize) -> Vec<u64> {
    let mut lengths = Vec::new();
    for _ in 0..count {
        unlocked(rig).await;
        let (_, locking) = rig.lock_out("ada").await;
        lengths.push(locking["retry_after"].as_u64().expect("seconds"));
    }
    lengths
}

#[tokio::test]
async fn each_further_lock_lasts_twice_as_long_up_to_the_cap() {
    let rig = Rig::unlimited(&[("ACCOUNT_LOCKOUT_MINUTES", "1s"), ("OTP_MAX_LOCKOUT_MINUTES", "3s")]);
    assert_eq!(locks(&rig, 4).await, [1, 2, 3, 3]);
    assert_eq!(rig.client.status("ada").await["lock_level"], json!(4));
}

#[tokio::test]
async fn the_factor_is_the_operators_choice() {
    let rig = Rig::unlimited(&[("ACCOUNT_LOCKOUT_MINUTES", "1s"), ("OTP_LOCKOUT_FACTOR", "3")]);
    assert_eq!(locks(&rig, 2).await, [1, 3]);
}

#[tokio::test]
async fn without_progression_every_lock_lasts_the_same() {
    let rig = Rig::unlimited(&[("ACCOUNT_LOCKOUT_MINUTES", "1s"), ("PROGRESSIVE_LOCKOUT", "false")]);
    assert_eq!(locks(&rig, 3).await, [1, 1, 1]);
}

#[tokio::test]
async fn the_level_falls_to_nothing_some_time_after_a_lock_has_ended() {
    let rig = Rig::unlimited(&[("ACCOUNT_LOCKOUT_MINUTES", "1s"), ("OTP_LOCKOUT_MEMORY_HOURS", "5s")]);
    assert_eq!(locks(&rig, 2).await, [1, 2]);
    let fell = || async { (rig.client.status("ada").await["lock_level"] == json!(0)).then_some(()) };
    wait::until_async("the level to fall", wait::PATIENCE, fell).await;
    assert_eq!(locks(&rig, 1).await, [1]);
}
