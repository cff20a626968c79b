//! The model on a year of made-up sign-ins, through the bytes that Redis would hold: what it catches of attackers, and how many
//! of the honest it asks again.

use std::collections::HashMap;

use otp_sidecar::risk::{
    model::{evidence, learn},
    profile::Profile,
    signals::Signals,
    table::Table,
};

use super::users::{Attacker, attack, history};
use crate::support::chance::Chance;

const ATTACKERS: [Attacker; 4] = [Attacker::Naive, Attacker::Vpn, Attacker::Targeted, Attacker::VeryTargeted];
const USERS: u32 = 1500;
const SEED: u64 = 7;
/// Days that nobody is judged: there is no history yet.
const WARM: f64 = 60.0;

/// What a run leaves out or adds.
#[derive(Debug, Clone, Copy, Default)]
struct World {
    no_device: bool,
    table_lost: bool,
    /// The share of attacks that were learned as if they were the user's.
    poison: f64,
}

/// Points of the honest, by how many sign-ins came before, and of the attackers.
struct Points {
    honest: Vec<(u8, f64)>,
    attackers: [Vec<f64>; 4],
}

impl Points {
    /// The share of each kind of attack that has more points than all but `asked` of the honest.
    fn caught(&self, asked: f64) -> [f64; 4] {
        let mut honest: Vec<f64> = self.honest.iter().map(|(_, points)| *points).collect();
        honest.sort_by(f64::total_cmp);
        let limit = honest[(honest.len() as f64 * (1.0 - asked)) as usize];
        self.attackers.each_ref().map(|points| share(points, |points| *points > limit))
    }

    /// The share of the honest with 30 points or more who signed in so often before.
    fn asked(&self, from: u8) -> f64 {
        let those: Vec<f64> = self.honest.iter().filter(|(before, _)| *before >= from).map(|(_, p)| *p).collect();
        share(&those, |points| *points >= 29.5)
    }
}

fn share(of: &[f64], is: impl Fn(&f64) -> bool) -> f64 {
    of.iter().filter(|one| is(one)).count() as f64 / of.len() as f64
}

fn run(world: World, users: u32) -> Points {
    let mut chance = Chance(SEED);
    let mut all: Vec<_> = (0..users).flat_map(|user| history(&mut chance, user, 365.0)).collect();
    all.sort_by(|one, other| one.day.total_cmp(&other.day));
    let (mut profiles, mut table, mut week) = (HashMap::<u32, Vec<u8>>::new(), Table::default(), 0);
    let mut points = Points { honest: Vec::new(), attackers: [const { Vec::new() }; 4] };
    let shown = |signals: Signals| if world.no_device { Signals { device: 0, ..signals } } else { signals };
    for sign_in in all {
        // Profiles have whole days, and tables are halved once a week.
        let (day, signals) = (sign_in.day.floor() + 20_000.0, shown(sign_in.signals));
        if sign_in.day as u32 / 7 != week {
            week = sign_in.day as u32 / 7;
            table.halve();
        }
        let held = profiles.get(&sign_in.user).map(|bytes| Profile::read(bytes).unwrap());
        let mut profile = held.unwrap_or_default();
        let seen = (!world.table_lost).then_some(&table);
        let score = |profile: &Profile, signals: &Signals| -> f64 {
            evidence(profile, signals, seen, day).iter().map(|one| one.points()).sum()
        };
        let mut learned = Vec::new();
        if profile.sign_ins > 0 && sign_in.day > WARM {
            points.honest.push((profile.sign_ins, score(&profile, &signals)));
            if chance.one_in(4) {
                for (kind, attacker) in ATTACKERS.into_iter().enumerate() {
                    let attacker = shown(attack(&mut chance, attacker, &sign_in.signals));
                    points.attackers[kind].push(score(&profile, &attacker));
                    if (chance.draw() as f64) < world.poison * u64::MAX as f64 {
                        learned.push(learn(&mut profile, &attacker, seen, day));
                    }
                }
            }
        }
        learned.push(learn(&mut profile, &signals, seen, day));
        learned.iter().for_each(|learned| table.add(learned));
        profiles.insert(sign_in.user, profile.bytes());
    }
    points
}

#[track_caller]
fn at_least(what: &str, found: [f64; 4], least: [f64; 4]) {
    println!("{what}: {found:.3?}");
    assert!(found.iter().zip(least).all(|(found, least)| *found >= least), "{what}: {found:.3?}, not {least:.3?}");
}

#[test]
fn it_catches_what_it_should_at_a_price_that_users_bear() {
    let points = run(World::default(), USERS);
    let caught = points.caught(0.01);
    at_least("1 % of the honest asked", caught, [0.98, 0.95, 0.85, 0.35]);
    let asked = [points.asked(0), points.asked(32)];
    println!("from 30 points: {asked:.4?}");
    assert!(asked[0] <= 0.012 && asked[1] <= 0.008, "{asked:?}");
    let poisoned = run(World { poison: 0.04, ..World::default() }, USERS).caught(0.01);
    at_least("4 % of what was learned were attacks", poisoned, caught.map(|caught| caught - 0.03));
}

#[test]
fn it_is_worth_something_without_devices_and_without_what_users_share() {
    let points = run(World { no_device: true, ..World::default() }, USERS);
    at_least("no device ids, 1 %", points.caught(0.01), [0.85, 0.68, 0.10, 0.02]);
    at_least("no device ids, 5 %", points.caught(0.05), [0.97, 0.85, 0.50, 0.20]);
    let lost = run(World { table_lost: true, ..World::default() }, USERS);
    at_least("table lost, 1 %", lost.caught(0.01), [0.0, 0.0, 0.78, 0.0]);
}
