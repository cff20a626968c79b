//! What the time of an answer tells: nothing about a key, and in a check nothing about who is a
//! decoy (of a send, `decoy_timing` says so).
//!
//! Two kinds of call are made in turn, in an order that chance decides, until the test would notice a difference of
//! 7 %: that is the control, the same times with every second one made 7 % longer, and it must stand out by ten
//! standard deviations of the rank sum. Only then is the verdict read, once: the times as they are must lie within
//! five (one run in 1.7 million lies outside by chance). A loaded machine makes the test longer and not wrong, since
//! it slows both kinds alike; past the longest run the control must still be seen by more than the verdict allows.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use hyper::{HeaderMap, Uri, header::AUTHORIZATION};
use otp_sidecar::{
    config::NamedKey,
    http::{Authenticator, Hosts},
};
use serde_json::{Value, json};

use crate::support::{
    Chance, Client, Rig,
    keys::{API_KEY_PAIRS, KEY},
    rank_sum::{median, score},
    scheme, wrong_code_than,
};

const CONTROL: f64 = 1.07;
const NOTICED: f64 = 10.0;
const SAME: f64 = 5.0;
const FEWEST: usize = 1000;
const MOST: usize = 15_000;
const LONGEST: Duration = Duration::from_secs(40);
/// Calls of one kind in a row, of which the fastest counts: the machine holds up single calls, not all of them.
const ROW: usize = 3;

/// The times of two kinds of work.
#[derive(Default)]
struct Times {
    one: Vec<f64>,
    other: Vec<f64>,
}

impl Times {
    fn verdict(&self) -> f64 {
        score(&self.one, &self.other)
    }

    fn control(&self) -> f64 {
        score(&self.one, &self.other.iter().map(|time| time * CONTROL).collect::<Vec<_>>())
    }

    fn enough(&self, began: Instant) -> bool {
        let pairs = self.one.len();
        let look = pairs >= FEWEST && pairs.is_multiple_of(250);
        pairs >= MOST || (look && (self.control() >= NOTICED || began.elapsed() > LONGEST))
    }

    fn told(&self, what: &str) -> String {
        let (one, other) = (median(&self.one), median(&self.other));
        let (verdict, control) = (self.verdict(), self.control());
        format!(
            "{what}: {} pairs, medians {:.1} and {:.1} us ({:+.2} %), verdict {verdict:.1}, control {control:.1}",
            self.one.len(),
            one * 1e6,
            other * 1e6,
            (other / one - 1.0) * 100.0
        )
    }

    fn assert_alike(&self, what: &str) {
        let told = self.told(what);
        eprintln!("{told}");
        assert!(self.verdict().abs() < SAME, "they differ: {told}");
        assert!(self.control() > SAME, "too noisy to tell: {told}");
    }
}

/// Takes turns until there is enough. `work(kind)` answers the time of one piece of work.
async fn take_turns(mut work: impl AsyncFnMut(bool) -> Duration) -> Times {
    let (mut times, mut chance, began) = (Times::default(), Chance(rand::random()), Instant::now());
    while !times.enough(began) {
        let first = chance.one_in(2);
        for kind in [first, !first] {
            let mut fastest = Duration::MAX;
            for _ in 0..ROW {
                fastest = fastest.min(work(kind).await);
            }
            if kind { &mut times.other } else { &mut times.one }.push(fastest.as_secs_f64());
        }
    }
    times
}

#[tokio::test]
async fn a_wrong_key_takes_as_long_wherever_it_differs() {
    let named = |(name, secret): (&str, &str)| NamedKey { name: name.into(), secret: secret.into() };
    let who = Authenticator::new(&API_KEY_PAIRS.map(named), Hosts::Loopback);
    let bearer = |key: &str| HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {key}").parse().unwrap())]);
    let uri = Uri::from_static("/v1/verifications");
    let unknown: String = KEY.chars().map(|c| if c == 'x' { 'y' } else { 'x' }).collect();
    let differs = [format!("X{}", &KEY[1..]), format!("{}X", &KEY[..KEY.len() - 1]), unknown].map(|key| bearer(&key));
    for (what, one, other) in [("first and last byte", 0, 1), ("first byte and all", 0, 2), ("last byte and all", 1, 2)]
    {
        let times = take_turns(async |kind| {
            let headers = &differs[if kind { other } else { one }];
            let began = Instant::now();
            // One alone is too short for the clock.
            for _ in 0..20 {
                assert!(black_box(who.operator(black_box(&uri), black_box(headers))).is_err());
            }
            began.elapsed()
        });
        times.await.assert_alike(what);
    }
}

/// Room for every guess of the test, and nothing that wears out.
const PATIENT: [(&str, &str); 3] =
    [("MAX_FAILED_VERIFICATIONS_PER_OTP", "1000"), ("OTP_MAX_CONSECUTIVE_FAILURES", "0"), ("OTP_ALLOW_WEAK", "true")];
/// Checks of one code before the next one's turn, so that no single record decides.
const CHECKS: usize = 300;

/// A pending code of `subject`, and what somebody types who may or may not know it.
async fn pending(client: &Client, subject: &str, known: bool) -> Value {
    let sent = client.send_body(json!({"subject": subject, "ip": "203.0.113.1", "subject_known": known})).await.is(201);
    // A decoy's code is as wrong as any: nobody would send it, but nothing must tell them apart either.
    let code = if known { wrong_code_than(sent.str("code")) } else { sent.str("code").to_owned() };
    json!({"subject": subject, "code": code, "ip": "203.0.113.1"})
}

async fn timed(client: &Client, path: &str, body: &Value, expected: &str) -> Duration {
    let began = Instant::now();
    let answer = client.post(path, body).await;
    let took = began.elapsed();
    assert!(answer.text.contains(expected), "{answer:?}");
    took
}

#[tokio::test]
async fn a_decoy_is_checked_as_long_as_a_code() {
    scheme::both(async |scheme| {
        let rig = Rig::unlimited(&[&PATIENT, scheme].concat());
        let (mut bodies, mut checks) = ([Value::Null, Value::Null], 0);
        let times = take_turns(async |decoy| {
            if checks % (2 * CHECKS) == 0 {
                for kind in [false, true] {
                    let subject = format!("user{:08}{}", checks, u8::from(kind));
                    bodies[usize::from(kind)] = pending(&rig.client, &subject, !kind).await;
                }
            }
            checks += 1;
            timed(&rig.client, "/v1/verifications/check", &bodies[usize::from(decoy)], "wrong_code").await
        });
        times.await.assert_alike(&format!("check of a code and of a decoy, {scheme:?}"));
    })
    .await;
}

/// A check for a subject without a code is answered `not_found`, with one for a code `wrong_code`: the caller is told
/// the difference in so many words (whoever must not learn it is given a decoy), so its time may tell it too.
#[tokio::test]
async fn an_unknown_subject_is_told_by_the_answer_and_not_only_by_its_time() {
    let rig = Rig::unlimited(&PATIENT);
    let known = pending(&rig.client, "user1", true).await;
    let unknown = json!({"subject": "user2", "code": known["code"], "ip": "203.0.113.1"});
    let mut times = Times::default();
    for _ in 0..300 {
        times.one.push(timed(&rig.client, "/v1/verifications/check", &known, "wrong_code").await.as_secs_f64());
        times.other.push(timed(&rig.client, "/v1/verifications/check", &unknown, "not_found").await.as_secs_f64());
    }
    eprintln!("{}", times.told("check for a known and an unknown subject"));
}
