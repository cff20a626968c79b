//! `golden.csv`: a year of sign-ins of 30 made-up users with the points that another implementation of the same formulas gave
//! them (user, day, country, operator, network, device, system, browser, points; the values are numbers in the order in which
//! they first came).

use std::collections::HashMap;

use otp_sidecar::risk::{
    level::Level,
    model::{evidence, learn},
    profile::Profile,
    signals::Signals,
    table::Table,
};

#[test]
fn every_sign_in_has_the_points_of_the_other_implementation() {
    let (mut profiles, mut table, mut compared) = (HashMap::<u32, Profile>::new(), Table::default(), 0);
    for line in include_str!("golden.csv").lines() {
        let fields: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
        let [user, day, country, operator, network, device, system, browser, expected] = fields[..] else {
            panic!("{line}")
        };
        let signals = Signals {
            country: country as u16,
            operator: operator as u32,
            network: network as u32,
            device: device as u32,
            system: system as u8,
            browser: browser as u8,
            ..Signals::default()
        };
        let profile = profiles.entry(user as u32).or_default();
        if profile.sign_ins > 0 {
            let points: f64 = evidence(profile, &signals, Some(&table), day).iter().map(|one| one.points()).sum();
            assert!((points - expected).abs() <= 1.0, "{points} and not {expected}: {line}");
            compared += 1;
        }
        table.add(&learn(profile, &signals, Some(&table.clone()), day));
    }
    assert!(compared > 2000, "{compared}");
}

fn seen(value: u32) -> Signals {
    Signals { country: 1, operator: 1, network: value, device: value, system: 1, browser: 1, ..Signals::default() }
}

#[test]
fn a_known_value_never_has_more_points_than_a_new_one_and_more_history_never_less_for_it_to_be_new() {
    let (mut profile, mut before) = (Profile::default(), f64::MIN);
    for day in 0..120 {
        learn(&mut profile, &seen(7), None, f64::from(day));
        let of = |signals| {
            let said = evidence(&profile, &signals, None, f64::from(day));
            Level::ALL.map(|level| said.iter().find(|one| one.level == level).map_or(0.0, |one| one.points()))
        };
        let (known, new) = (of(seen(7)), of(seen(8)));
        assert!(known.iter().zip(&new).all(|(known, new)| known <= new), "day {day}: {known:?} {new:?}");
        let device = new[Level::Device as usize];
        assert!(device >= before, "day {day}: {device} after {before}");
        before = device;
    }
}

#[test]
fn bytes_are_read_as_they_were_written_and_nothing_else_is() {
    let mut profile = Profile::default();
    for day in 20_000..20_040_u32 {
        learn(&mut profile, &seen(day), None, f64::from(day));
        let bytes = profile.bytes();
        assert!(bytes.len() <= 170, "{}", bytes.len());
        let read = Profile::read(&bytes).unwrap();
        assert_eq!(Profile::read(&read.bytes()).map(|again| again.sign_ins), Some(read.sign_ins));
        // Cut, or of another version; with any byte turned it is read or not, and nothing panics.
        assert!((0..bytes.len()).all(|end| Profile::read(&bytes[..end]).is_none()));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut turned = bytes.clone();
                turned[at] ^= 1 << bit;
                let read = Profile::read(&turned);
                assert!(at > 0 || read.is_none());
                let _ = read.map(|read| evidence(&read, &seen(1), None, f64::from(day)));
            }
        }
        profile = read;
    }
    assert!(Table::read(&[0; 7]).is_none());
}
