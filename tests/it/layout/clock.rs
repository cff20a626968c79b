//! Whether Redis's clock was put, told by readings of it.

use std::time::{Duration, Instant};

use otp_sidecar::store::clock::ClockWatch;

/// Observes readings of Redis's clock at times of ours, both in ms from an arbitrary start.
fn observed(readings: &[(u64, u64)]) -> Vec<Option<i64>> {
    let (mut watch, start) = (ClockWatch::default(), Instant::now());
    let observe = |&(redis_ms, ours)| {
        let at = start + Duration::from_millis(ours);
        watch.observe(1_000_000 + redis_ms, at, at)
    };
    readings.iter().map(observe).collect()
}

#[test]
fn a_clock_that_is_put_is_told_once() {
    assert_eq!(observed(&[(0, 0), (3_601_000, 1000), (3_602_000, 2000)]), [None, Some(3_600_000), None]);
    assert_eq!(observed(&[(900_000, 0), (1000, 1000), (2000, 2000)]), [None, Some(-900_000), None]);
}

#[test]
fn small_steps_add_up_and_slewing_does_not() {
    assert_eq!(observed(&[(0, 0), (2500, 1000), (4600, 2000)]), [None, None, Some(2600)]);
    let slewed: Vec<_> = (0..100_000).map(|second| (second * 1000 + second / 2, second * 1000)).collect();
    assert!(observed(&slewed).iter().all(Option::is_none));
}

#[test]
fn it_goes_on_between_readings() {
    let (mut watch, start) = (ClockWatch::default(), Instant::now());
    assert_eq!(watch.now_ms(start), None);
    watch.observe(5000, start, start);
    assert_eq!(watch.now_ms(start + Duration::from_millis(70)), Some(5070));
}

#[test]
fn a_slow_answer_is_no_jump() {
    let (mut watch, start) = (ClockWatch::default(), Instant::now());
    assert_eq!(watch.observe(0, start, start), None);
    assert_eq!(watch.observe(2000, start, start + Duration::from_millis(4000)), None);
    assert_eq!(watch.observe(6100, start + Duration::from_secs(4), start + Duration::from_secs(4)), Some(2100));
}

#[test]
fn an_outage_hides_nothing() {
    assert_eq!(observed(&[(0, 0), (1000, 1000), (3_900_000, 300_000)]), [None, None, Some(3_600_000)]);
}
