//! Each rule at its threshold and one below, and what becomes of sign-ins that wait.

use otp_sidecar::{
    risk::{
        Context, Risk, Score, Settings, SignIn, Signals,
        learn::{approved, confirmed, disowned},
        model::learn,
        profile::Profile,
        score,
        signals::{ALLOWED, ANONYMOUS, HOSTING, Place, SATELLITE},
        table::Table,
    },
    secret::IndexKey,
};

const DAY: u64 = 86_400_000;
const HOUR: u64 = 3_600_000;
const START: u64 = 20_000 * DAY;
const OSLO: Place = Place { latitude: 5991, longitude: 1075, radius: 20 };

fn settings() -> Settings {
    Settings { step_up: 30, min_sign_ins: 5, ..Settings::default() }
}

fn home() -> Signals {
    let country = u16::from_be_bytes(*b"NO");
    Signals {
        country,
        operator: 1,
        network: 1,
        device: 1,
        system: 1,
        browser: 1,
        place: Some(OSLO),
        ..Signals::default()
    }
}

/// Somebody who signs in from home every day.
fn settled() -> (Profile, u64) {
    let mut profile = Profile::default();
    for day in 0..20 {
        assert!(approved(&mut profile, &home(), None, None, START + day * DAY, &mut Table::default()));
    }
    (profile, START + 19 * DAY)
}

fn judged(profile: &Profile, signals: &Signals, at_ms: u64) -> Score {
    score(profile, &SignIn { signals: *signals, at_ms, approved: true }, &Context::default(), &settings())
}

#[test]
fn nobody_travels_faster_than_a_plane() {
    let (profile, at) = settled();
    // Some 985 km to the south, less both radii 945.
    let away = Signals { network: 2, place: Some(Place { latitude: 5105, ..OSLO }), ..home() };
    let after = |minutes: u64| judged(&profile, &away, at + minutes * 60_000);
    assert!(after(62).has("impossible_travel"));
    assert!(!after(64).has("impossible_travel"));
    // No further than 500 km beyond both radii.
    let near = |latitude| Signals { place: Some(Place { latitude, ..OSLO }), ..away };
    assert!(judged(&profile, &near(5500), at + 60_000).has("impossible_travel"));
    assert!(!judged(&profile, &near(5510), at + 60_000).has("impossible_travel"));
    let points = |signals: Signals| {
        let score = judged(&profile, &signals, at + 60_000);
        score.reasons.iter().find(|reason| reason.code == "impossible_travel").map(|reason| reason.points)
    };
    assert_eq!(points(away), Some(10));
    assert_eq!(points(Signals { device: 2, ..away }), Some(40));
    for flags in [ANONYMOUS, HOSTING, SATELLITE] {
        assert_eq!(points(Signals { flags, ..away }), None);
    }
    assert!(points(Signals { place: Some(Place { radius: 900, ..away.place.unwrap() }), ..away }).is_none());
}

#[test]
fn without_a_city_file_another_country_within_an_hour_is_fast() {
    let (mut profile, at) = settled();
    profile.last.as_mut().unwrap().place = None;
    let abroad = Signals { country: u16::from_be_bytes(*b"SE"), place: None, ..home() };
    assert!(judged(&profile, &abroad, at + HOUR - 1).has("fast_country_change"));
    assert!(!judged(&profile, &abroad, at + HOUR).has("fast_country_change"));
}

#[test]
fn rules_act_before_the_model_does_and_known_things_take_nothing_from_them() {
    let sign_in = SignIn { signals: home(), at_ms: START, approved: true };
    let of = |spraying, guessing| {
        score(&Profile::default(), &sign_in, &Context { table: None, spraying, guessing }, &settings())
    };
    assert_eq!((of(false, false).points, of(false, false).step_up), (0, false));
    assert_eq!((of(true, false).points, of(true, false).step_up), (40, true));
    assert_eq!((of(false, true).points, of(true, true).points), (20, 60));
    let (known, at) = settled();
    let hidden = judged(&known, &Signals { flags: ANONYMOUS, ..home() }, at);
    assert_eq!(hidden.points, 15);
    assert!(hidden.reasons.iter().any(|reason| reason.points < 0));
}

#[test]
fn reasons_add_up_to_the_score_and_few_sign_ins_only_learn() {
    let (profile, at) = settled();
    let stranger = Signals { device: 9, network: 9, operator: 9, ..home() };
    let score = judged(&profile, &stranger, at + DAY);
    let sum: i32 = score.reasons.iter().map(|reason| reason.points).sum();
    assert!((sum - i32::from(score.points)).abs() <= 3 && score.points < 100, "{score:?}");
    let told = serde_json::to_value(&score).unwrap();
    let points = |reason: &serde_json::Value| reason["points"].as_i64().unwrap().abs();
    assert!(told["reasons"].as_array().unwrap().iter().all(|reason| points(reason) >= 3) && score.step_up, "{told}");
    assert_eq!((&told["action"], &told["score"]), (&"step_up".into(), &score.points.into()));
    let mut few = Profile::default();
    for day in 0..4 {
        approved(&mut few, &home(), None, None, START + day * DAY, &mut Table::default());
    }
    let score = judged(&few, &stranger, START + 5 * DAY);
    assert!(score.points >= 30 && !score.step_up, "{score:?}");
}

#[test]
fn what_waits_is_learned_when_it_comes_again_a_day_later_or_its_user_says_so_and_not_when_disowned() {
    let (mut profile, at) = settled();
    let stranger = Signals { device: 9, network: 9, ..home() };
    let before = profile.clone();
    let mut learned = Table::default();
    assert!(approved(&mut profile, &stranger, Some(7), None, at + DAY, &mut learned));
    assert!(learned.is_empty() && profile.pending.is_some());
    let mut without = profile.clone();
    without.pending = None;
    assert_eq!(without, before);
    // Again within a day it waits on, from when it first came.
    assert!(approved(&mut profile, &stranger, Some(8), None, at + 2 * DAY - 1, &mut learned));
    let mut again = profile.clone();
    assert!(approved(&mut again, &stranger, Some(9), None, at + 2 * DAY, &mut learned));
    assert!(again.pending.is_none() && judged(&again, &stranger, at + 2 * DAY).has("known_device"));
    let mut told = profile.clone();
    assert!(!confirmed(&mut told, 7, None, &mut learned) && !confirmed(&mut told, 0, None, &mut learned));
    assert!(confirmed(&mut told, 8, None, &mut learned));
    assert!(judged(&told, &stranger, at + 2 * DAY).has("known_device"));
    assert!(!disowned(&mut profile, 6, at + 2 * DAY) && disowned(&mut profile.clone(), 7, at + 2 * DAY));
    assert!(disowned(&mut profile, 8, at + 2 * DAY) && !disowned(&mut profile, 8, at + 2 * DAY));
    assert!(judged(&profile, &stranger, at + 9 * DAY - 1).has("reported"));
    assert!(!judged(&profile, &stranger, at + 9 * DAY).has("reported"));
    assert!(!confirmed(&mut profile, 8, None, &mut learned));
}

#[test]
fn nothing_new_is_learned_once_a_day() {
    let (mut profile, at) = settled();
    let mut learned = Table::default();
    assert!(!approved(&mut profile, &home(), None, None, at + 1, &mut learned));
    assert!(approved(&mut profile, &Signals { network: 5, ..home() }, None, None, at + 2, &mut learned));
    assert!(approved(&mut profile, &home(), None, None, at + DAY, &mut learned));
}

#[test]
fn nobody_is_a_stranger_at_the_new_address_of_a_carrier_that_hands_them_out_all_the_time() {
    let risk = Risk::new(settings(), None, IndexKey::new(&[7; 32]).tenants());
    let (user, _) = settled();
    let elsewhere = Signals { network: 2, ..home() };
    let is_stranger = |signals: Signals, profile: &Profile| risk.is_stranger("app", &signals, profile);
    assert!(!is_stranger(home(), &user) && is_stranger(elsewhere, &user));
    let (mut table, mut another) = (Table::default(), Profile::default());
    for day in 0..20_u32 {
        table.add(&learn(&mut another, &Signals { network: 100 + day, ..home() }, None, f64::from(day)));
    }
    risk.renew_table("app".into(), table);
    assert!(!is_stranger(elsewhere, &user));
    assert!(is_stranger(Signals { operator: 2, ..elsewhere }, &user) && is_stranger(home(), &Profile::default()));
    assert!(!is_stranger(Signals { operator: 2, flags: ALLOWED, ..elsewhere }, &user));
}
