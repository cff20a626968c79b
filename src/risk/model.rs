//! The learned model: for each level, how much likelier it is that somebody else shows what this sign-in shows than that
//! its user does. It asks one thing of a level, whether its value is new to the user, so nothing that users share is compared.

use super::{
    level::Level,
    profile::Profile,
    signals::Signals,
    table::{Table, cell, of_operator},
};

/// What is assumed before anything was counted weighs as much as so many sign-ins.
const PRIOR: f64 = 8.0;
/// Points of one bit: 30 are 8 times as likely somebody else, 60 are 64 times.
const POINTS: f64 = 10.0;

/// What one level says of a sign-in.
#[derive(Debug, Clone, Copy)]
pub struct Evidence {
    /// Which.
    pub level: Level,
    /// Whether the user showed this value before.
    pub known: bool,
    /// How often users with a history like this one's show something new here, 0 to 1.
    pub p: f64,
    place: usize,
}

impl Evidence {
    /// Points for somebody else, or less than 0 for the user.
    pub fn points(&self) -> f64 {
        let a = self.level.traits().attacker;
        POINTS * if self.known { ((1.0 - a) / (1.0 - self.p)).log2() } else { (a / self.p).log2() }
    }
}

/// What each level says that counts: whose value is given, and whose nearest parent with a value is known. Without a `table` the
/// user's own history has to do. `day` is since 1970.
pub fn evidence(profile: &Profile, signals: &Signals, table: Option<&Table>, day: f64) -> Vec<Evidence> {
    let fade = profile.fade(day);
    let mut said: Vec<Evidence> = Vec::with_capacity(Level::ALL.len());
    for level in Level::ALL {
        let Some(value) = signals.value(level) else { continue };
        if !parent_known(profile, signals, level) {
            continue;
        }
        let of = profile.of(level);
        let (n, v) = (of.n * fade, of.v * fade);
        let is_network = level == Level::Network;
        let churn = if is_network { table.map_or(1, |table| table.churn(signals.operator)) } else { 0 };
        let place = cell(level, n, v, churn);
        let own = (1.0 + v) / (4.0 + n);
        let p = table.map_or(own, |table| {
            let count = table.count(place);
            (f64::from(count.new) + PRIOR * own) / (f64::from(count.all) + PRIOR)
        });
        // What somebody else wrote into Redis is no reason to divide by nothing.
        said.push(Evidence { level, known: of.knows(value), p: p.clamp(0.000_1, 0.999_9), place });
    }
    said
}

fn parent_known(profile: &Profile, signals: &Signals, level: Level) -> bool {
    let mut above = level.traits().parent;
    while let Some(parent) = above {
        if let Some(value) = signals.value(parent) {
            return profile.of(parent).knows(value);
        }
        above = parent.traits().parent;
    }
    true
}

/// Learns a sign-in, the first of a user with nothing to compare it with; answers what a tenant's users share of it.
pub fn learn(profile: &mut Profile, signals: &Signals, table: Option<&Table>, day: f64) -> Table {
    let mut learned = Table::default();
    if profile.sign_ins > 0 {
        let (said, fade) = (evidence(profile, signals, table, day), profile.fade(day));
        profile.levels.iter_mut().for_each(|of| (of.n, of.v) = (of.n * fade, of.v * fade));
        for Evidence { level, known, place, .. } in said {
            learned.note(place, !known);
            if level == Level::Network && signals.operator != 0 {
                learned.note(of_operator(signals.operator), !known);
            }
            if let Some(of) = profile.levels.get_mut(level as usize) {
                (of.n, of.v) = (of.n + 1.0, of.v + f64::from(u8::from(!known)));
            }
        }
    }
    (profile.day, profile.sign_ins) = (day, profile.sign_ins.saturating_add(1));
    for (level, of) in Level::ALL.into_iter().zip(&mut profile.levels) {
        signals.value(level).into_iter().for_each(|value| of.see(level, value, day as u64 / 7));
    }
    learned
}
