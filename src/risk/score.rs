//! The score of a sign-in, 0 to 100: what the model makes of it, and what rules add that no known thing can take away.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::{
    level::Level,
    model::evidence,
    profile::{Last, Pending, Profile},
    settings::Settings,
    signals::{ALLOWED, ANONYMOUS, HOSTING, Place, SATELLITE, Signals},
    table::Table,
};

const DAY_MS: u64 = 86_400_000;
/// Reasons that are told: so many at most, and none of fewer points.
const REASONS: usize = 6;
const LEAST: i32 = 3;
/// From so many points on a score is medium, or high; a high one is an event.
pub const MEDIUM: u8 = 30;
/// See [`MEDIUM`].
pub const HIGH: u8 = 60;
/// Reasons that are events too.
pub const IMPOSSIBLE: &str = "impossible_travel";
/// See [`IMPOSSIBLE`].
pub const FAST: &str = "fast_country_change";
/// Nobody travels faster, and nobody is asked for less than so far.
const KM_PER_HOUR: f64 = 900.0;
const KM: f64 = 500.0;

/// A sign-in, or a send.
#[derive(Debug, Clone, Copy)]
pub struct SignIn {
    /// What it shows.
    pub signals: Signals,
    /// When, ms since 1970.
    pub at_ms: u64,
    /// Whether it was approved: only then the user is taken to be where it came from.
    pub approved: bool,
}

/// What is known of a sign-in beside its user's profile.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// What the tenant's users share, where it is known.
    pub table: Option<Arc<Table>>,
    /// Whether its network is one from which strangers fail.
    pub spraying: bool,
    /// Whether its user is one at whom many networks fail.
    pub guessing: bool,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Closed words, as `new_device`.
    pub code: &'static str,
    /// Less than 0 where it speaks for the user.
    pub points: i32,
}

/// What was made of a sign-in, as answers tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Score {
    /// 0 to 100.
    #[serde(rename = "score")]
    pub points: u8,
    /// `learning`, as long as too few sign-ins were learned for the model to act, or `low`, `medium`, `high`.
    pub level: &'static str,
    /// Whether the user should be asked for more.
    #[serde(rename = "action", serialize_with = "action_of")]
    pub step_up: bool,
    /// Sign-ins learned, 255 = that many or more.
    pub sign_ins: u8,
    /// All of them, the weightiest first; the weighty ones are told.
    #[serde(serialize_with = "told")]
    pub reasons: Vec<Reason>,
}

impl Score {
    /// Whether a rule gave points.
    pub fn has(&self, code: &str) -> bool {
        self.reasons.iter().any(|reason| reason.code == code)
    }
}

/// The word for what the app is asked to do.
pub const fn action(step_up: bool) -> &'static str {
    if step_up { "step_up" } else { "none" }
}

fn action_of<S: Serializer>(step_up: &bool, json: S) -> Result<S::Ok, S::Error> {
    json.serialize_str(action(*step_up))
}

fn told<S: Serializer>(reasons: &[Reason], json: S) -> Result<S::Ok, S::Error> {
    json.collect_seq(reasons.iter().take(REASONS).take_while(|reason| reason.points.abs() >= LEAST))
}

/// Scores a sign-in. Of a user without history the model says nothing.
pub fn score(profile: &Profile, sign_in: &SignIn, context: &Context, settings: &Settings) -> Score {
    let Profile { sign_ins, .. } = *profile;
    let (day, table) = ((sign_in.at_ms / DAY_MS) as f64, context.table.as_deref());
    let said = if sign_ins > 0 { evidence(profile, &sign_in.signals, table, day) } else { Vec::new() };
    let model = said.iter().map(|one| one.points()).sum::<f64>().round().clamp(0.0, 100.0) as i32;
    let rules = rules(profile, sign_in, context);
    let by_rules: i32 = rules.iter().map(|reason| reason.points).sum();
    let points = (model + by_rules).min(100) as u8;
    let learning = sign_ins < settings.min_sign_ins;
    let acts = if learning { by_rules } else { points.into() };
    let level = match points {
        _ if learning => "learning",
        HIGH.. => "high",
        MEDIUM.. => "medium",
        _ => "low",
    };
    let of_model = said.iter().map(|one| {
        let [new, known] = one.level.traits().codes;
        Reason { code: if one.known { known } else { new }, points: one.points().round() as i32 }
    });
    let mut reasons: Vec<Reason> = of_model.chain(rules).collect();
    reasons.sort_by_key(|reason| -reason.points.abs());
    Score { points, level, step_up: acts >= settings.step_up.into(), sign_ins, reasons }
}

fn rules(profile: &Profile, sign_in: &SignIn, context: &Context) -> Vec<Reason> {
    let SignIn { signals, at_ms, approved } = sign_in;
    let allowed = signals.flags & ALLOWED > 0;
    let hides = signals.flags & (ANONYMOUS | HOSTING) > 0;
    let last = profile.last.filter(|_| *approved && comparable(signals));
    let knows_device = profile.knows(Level::Device, signals);
    let journey = last.and_then(|last| travel(&last, signals, *at_ms));
    let is_disowned = |pending: Pending| pending.is_disowned(*at_ms) && pending.signals.shares(signals);
    let disowned = profile.pending.is_some_and(is_disowned);
    let rules = [
        (journey == Some(IMPOSSIBLE), IMPOSSIBLE, if knows_device { 10 } else { 40 }),
        (journey == Some(FAST), FAST, 20),
        (hides && !allowed, "anonymous_network", 15),
        (context.spraying && !allowed, "spraying_network", 40),
        (context.guessing, "under_guessing", 20),
        (disowned, "reported", 40),
    ];
    rules.into_iter().filter(|rule| rule.0).map(|(_, code, points)| Reason { code, points }).collect()
}

/// Whether a network says where its user is.
pub(super) fn comparable(signals: &Signals) -> bool {
    signals.country != 0 && signals.flags & (ANONYMOUS | HOSTING | SATELLITE | ALLOWED) == 0
}

/// Whether nobody gets from the last place to this one in time: further than both radii allow, by a city file; or another
/// country within an hour, where there is none.
fn travel(last: &Last, signals: &Signals, at_ms: u64) -> Option<&'static str> {
    let hours = at_ms.saturating_sub(last.when) as f64 / 3_600_000.0;
    match last.place.zip(signals.place) {
        Some((from, to)) => {
            let km = distance(from, to) - f64::from(from.radius) - f64::from(to.radius);
            (hours <= 24.0 && km >= KM && km >= KM_PER_HOUR * hours).then_some(IMPOSSIBLE)
        }
        None => (hours < 1.0 && last.country != signals.country).then_some(FAST),
    }
}

/// Kilometres between two places (haversine).
fn distance(from: Place, to: Place) -> f64 {
    let radians = |hundredths: i16| (f64::from(hundredths) / 100.0).to_radians();
    let (a, b) = (radians(from.latitude), radians(to.latitude));
    let turned = radians(to.longitude) - radians(from.longitude);
    let h = ((b - a) / 2.0).sin().powi(2) + a.cos() * b.cos() * (turned / 2.0).sin().powi(2);
    2.0 * 6371.0 * h.clamp(0.0, 1.0).sqrt().asin()
}
