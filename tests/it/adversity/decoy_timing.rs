//! Whether a stopwatch tells a decoy from a code.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Rig, client::fresh_ip};

/// Sends of each kind in one round.
const ROUND: usize = 2000;
/// Rounds until the machine was quiet enough for the control.
const ROUNDS: usize = 8;
/// A difference by chance as large as this comes up once in 16,000 runs (two-sided normal tail beyond 4).
const BOUND: f64 = 4.0;
/// What the test must be able to notice, in percent.
const SHIFT: u32 = 5;

/// The rank-sum statistic of Wilcoxon, Mann and Whitney as a standard normal deviate: 0 where neither sample tends to be
/// larger. Times are in nanoseconds, so ties hardly occur; each shares its mean rank.
fn rank_sum(one: &[Duration], other: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, bool)> = one.iter().map(|time| (*time, true)).collect();
    all.extend(other.iter().map(|time| (*time, false)));
    all.sort_unstable();
    let (mut sum, mut at) = (0.0, 0);
    while at < all.len() {
        let ties = all[at..].iter().take_while(|entry| entry.0 == all[at].0).count();
        let rank = at as f64 + (ties as f64 + 1.0) / 2.0;
        sum += rank * all[at..at + ties].iter().filter(|entry| entry.1).count() as f64;
        at += ties;
    }
    let (n, m) = (one.len() as f64, other.len() as f64);
    let mean = n * (n + m + 1.0) / 2.0;
    (sum - mean) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}

async fn timed(rig: &Rig, subject: &str, known: bool) -> Duration {
    // One field more or less would be a difference of its own.
    let body = json!({"subject": subject, "ip": fresh_ip(), "subject_known": known});
    let start = Instant::now();
    let answer = rig.client.send_body(body).await;
    let took = start.elapsed();
    answer.is(201);
    took
}

/// Sends of both kinds, one after the other and each first in turn, so that whatever the machine does does it to both.
async fn round(rig: &Rig, number: usize) -> [Vec<Duration>; 2] {
    let mut took = [Vec::new(), Vec::new()];
    for n in 0..ROUND {
        for turn in [n % 2, 1 - n % 2] {
            let subject = format!("user-{number:02}-{n:05}-{turn}");
            took[turn].push(timed(rig, &subject, turn == 0).await);
        }
    }
    took
}

#[tokio::test]
async fn a_decoy_takes_as_long_as_a_code() {
    let rig = Rig::unlimited(&[]);
    round(&rig, 99).await;
    let mut noticed = Vec::new();
    for number in 0..ROUNDS {
        let [known, unknown] = round(&rig, number).await;
        let shifted: Vec<_> = unknown.iter().map(|time| *time * (100 + SHIFT) / 100).collect();
        let (z, control) = (rank_sum(&unknown, &known), rank_sum(&shifted, &unknown));
        eprintln!("z = {z:.2}; {SHIFT} % slower would be {control:.2}");
        assert!(z.abs() < BOUND, "z = {z}");
        if control > BOUND {
            return;
        }
        noticed.push(control);
    }
    panic!("too much noise to notice {SHIFT} %: {noticed:?}");
}

#[test]
fn the_statistic_is_that_of_the_textbook() {
    let ms = |times: &[u64]| times.iter().map(|time| Duration::from_millis(*time)).collect::<Vec<_>>();
    // Ranks 1, 2, 4 of 1 to 6: sum 7, mean 10.5, variance 5.25.
    let z = rank_sum(&ms(&[1, 2, 4]), &ms(&[3, 5, 6]));
    assert!((z - -3.5 / 5.25_f64.sqrt()).abs() < 1e-12, "{z}");
    assert_eq!(rank_sum(&ms(&[1, 2, 3]), &ms(&[1, 2, 3])), 0.0);
    let even: Vec<u64> = (1000..3000).collect();
    let slower: Vec<u64> = even.iter().map(|time| time * 105 / 100).collect();
    assert!(rank_sum(&ms(&slower), &ms(&even)) > BOUND);
}
