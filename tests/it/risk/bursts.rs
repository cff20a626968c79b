//! Bursts in made-up figures with a course of the day and of the week, days that differ by 15 % and noise: none is seen where
//! there is none, and where there is one it is seen soon.

use std::time::{SystemTime, UNIX_EPOCH};

use otp_sidecar::{
    event::{Bucket, Kind},
    policy::Outcome,
    risk::rates::Usual,
    store::key::OfTime,
};

use crate::support::{Chance, Redis, Sidecar};

/// How much there is in each hour of a day, of the busiest.
const COURSE: [f64; 24] = [
    0.15, 0.13, 0.12, 0.13, 0.16, 0.25, 0.45, 0.75, 0.9, 1.0, 1.0, 0.97, 0.95, 0.95, 0.97, 1.0, 1.0, 0.98, 0.95, 0.95,
    0.85, 0.65, 0.4, 0.22,
];
const DAYS: usize = 60;

fn normal(chance: &mut Chance) -> f64 {
    let unit = |chance: &mut Chance| ((chance.draw() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    (-2.0 * unit(chance).ln()).sqrt() * (std::f64::consts::TAU * unit(chance)).cos()
}

fn poisson(chance: &mut Chance, mean: f64) -> u64 {
    if mean > 50.0 {
        return (mean + mean.sqrt() * normal(chance)).round().max(0.0) as u64;
    }
    let (end, mut n, mut p) = ((-mean).exp(), 0, 1.0);
    loop {
        p *= (chance.draw() >> 11) as f64 / (1u64 << 53) as f64;
        if p <= end {
            return n;
        }
        n += 1;
    }
}

/// Five-minute figures of 60 days with `volume` in the busiest hour.
fn figures(chance: &mut Chance, volume: f64) -> Vec<Vec<u64>> {
    let mut hours = Vec::new();
    for day in 0..DAYS {
        let of_day = (0.15 * normal(chance)).exp() * if day % 7 >= 5 { 0.75 } else { 1.0 };
        for share in COURSE {
            let mean = volume * share * of_day / 12.0;
            hours.push(
                (0..12)
                    .map(|_| {
                        let noise = (0.1 * normal(chance)).exp();
                        poisson(chance, mean * noise)
                    })
                    .collect(),
            );
        }
    }
    hours
}

/// False alarms, and the share of bursts of `times` that are seen within a quarter of an hour.
fn run(volume: f64, times: f64) -> (usize, f64) {
    let mut chance = Chance(5);
    let hours = figures(&mut chance, volume);
    let (mut past, mut alarms, mut tried, mut seen) = (Vec::new(), 0, 0, 0);
    for (at, slots) in hours.iter().enumerate() {
        let all: u64 = slots.iter().sum();
        if let Some(usual) = Usual::of(&past) {
            alarms += usize::from(slots.iter().any(|slot| usual.is_burst(*slot, 5.0)) || usual.is_burst(all, 60.0));
            if at % 7 == 0 {
                tried += 1;
                let grown: Vec<u64> = slots.iter().map(|slot| poisson(&mut chance, *slot as f64 * times)).collect();
                let soon = (1..=3).any(|slots| {
                    let so_far: u64 = grown[..slots].iter().sum();
                    usual.is_burst(grown[slots - 1], 5.0) || usual.is_burst(so_far, 5.0 * slots as f64)
                });
                seen += usize::from(soon);
            }
        }
        past.push(all);
    }
    (alarms, seen as f64 / tried as f64)
}

#[test]
fn there_is_no_false_alarm_in_46_days_and_ten_times_as_much_is_seen_within_a_quarter_of_an_hour() {
    for volume in [20.0, 200.0, 2000.0] {
        let (alarms, seen) = run(volume, 10.0);
        println!("{volume} an hour: {alarms} false alarms, {seen:.2} of x10 within 15 minutes");
        assert_eq!(alarms, 0, "at {volume} an hour");
        assert!(volume < 200.0 || seen >= 0.85, "{seen} at {volume} an hour");
    }
    assert!(Usual::of(&[1; 14 * 24 - 1]).is_none());
}

#[test]
fn a_sidecar_tells_of_a_burst_once_it_has_looked() {
    let redis = Redis::start();
    let bucket = Bucket::all().nth(9).unwrap();
    let hour = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 3600;
    let put = |key: String, parts: u8, count: &str| {
        for part in 0..parts {
            let field = String::from_utf8(vec![part, Kind::Send as u8, Outcome::Issued as u8]).unwrap();
            redis.ask_key::<i64>("HSET", key.as_bytes(), &[&field, count]);
        }
    };
    for day in hour / 24 - 15..=hour / 24 {
        put(OfTime::Day.key(bucket, day), 24, "30");
    }
    for hour in [hour - 1, hour] {
        put(OfTime::Hour.key(bucket, hour), 12, "500");
    }
    let sidecar = Sidecar::builder().on(&redis).set("OTP_RISK", "shadow").start();
    sidecar.tells("the burst", |line| {
        line.contains(r#""type":"suspicious","outcome":"burst""#) && line.contains(r#""actor":"sends""#)
    });
    assert_eq!(sidecar.event_lines().iter().filter(|line| line.contains("suspicious")).count(), 1);
}
