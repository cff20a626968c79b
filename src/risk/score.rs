//! The score of a sign-in, 0 to 100: what the model makes of it, and what rules add that no known thing can take away.

use serde::Serialize;

use super::{
    model::evidence,
    profile::{Last, Profile},
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
/// Nobody travels faster, and nobody is asked for less than so far.
const KM_PER_HOUR: f64 = 900.0;
const KM: f64 = 500.0;
/// For how long what a user disowned counts.
const DISOWNED_MS: u64 = 7 * DAY_MS;

/// From when on a score is acted on.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Points (`OTP_RISK_STEP_UP`), 1 to 100.
    pub step_up: u8,
    /// Sign-ins before which the model does not act (`OTP_RISK_MIN_SIGN_INS`).
    pub min_sign_ins: u8,
}

/// A sign-in that is judged, and what is known beside its profile.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// What it shows.
    pub signals: &'a Signals,
    /// When, ms since 1970.
    pub at_ms: u64,
    /// Whether it was approved: only then the user is taken to be where it came from.
    pub approved: bool,
    /// What the tenant's users share, where it is known.
    pub table: Option<&'a Table>,
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

/// How much a score says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Too few sign-ins were learned for the model to act.
    Learning,
    /// Below [`MEDIUM`].
    Low,
    /// Below [`HIGH`].
    Medium,
    /// From there on.
    High,
}

/// What was made of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// 0 to 100.
    pub points: u8,
    /// How much they say.
    pub level: Level,
    /// Whether the user should be asked for more.
    pub step_up: bool,
    /// Sign-ins learned, 255 = that many or more.
    pub sign_ins: u8,
    /// All of them, the weightiest first.
    pub reasons: Vec<Reason>,
}

impl Score {
    /// The reasons that are told.
    pub fn told(&self) -> &[Reason] {
        let end = self.reasons.iter().take(REASONS).take_while(|reason| reason.points.abs() >= LEAST).count();
        self.reasons.get(..end).unwrap_or_default()
    }

    /// Whether a rule gave points.
    pub fn has(&self, code: &str) -> bool {
        self.reasons.iter().any(|reason| reason.code == code)
    }
}

/// Scores a sign-in. Of a user without history the model says nothing.
pub fn score(profile: Option<&Profile>, judged: &Judged<'_>, limits: Limits) -> Score {
    let known = profile.filter(|profile| profile.sign_ins > 0);
    let said = known.map(|known| evidence(known, judged.signals, judged.table, (judged.at_ms / DAY_MS) as f64));
    let said = said.unwrap_or_default();
    let model = said.iter().map(|one| one.points()).sum::<f64>().round().clamp(0.0, 100.0) as i32;
    let rules = rules(profile, judged);
    let by_rules: i32 = rules.iter().map(|reason| reason.points).sum();
    let points = (model + by_rules).min(100) as u8;
    let sign_ins = known.map_or(0, |known| known.sign_ins);
    let learning = sign_ins < limits.min_sign_ins;
    let acts = if learning { by_rules } else { points.into() };
    let level = match points {
        _ if learning => Level::Learning,
        HIGH.. => Level::High,
        MEDIUM.. => Level::Medium,
        _ => Level::Low,
    };
    let word = |known: bool, [new, old]: [&'static str; 2]| if known { old } else { new };
    let of_model =
        said.iter().map(|one| Reason { code: word(one.known, one.level.codes()), points: one.points().round() as i32 });
    let mut reasons: Vec<Reason> = of_model.chain(rules).collect();
    reasons.sort_by_key(|reason| -reason.points.abs());
    Score { points, level, step_up: acts >= limits.step_up.into(), sign_ins, reasons }
}

fn rules(profile: Option<&Profile>, judged: &Judged<'_>) -> Vec<Reason> {
    let signals = judged.signals;
    let allowed = signals.flags & ALLOWED > 0;
    let hides = signals.flags & (ANONYMOUS | HOSTING) > 0;
    let last = profile.and_then(|profile| profile.last).filter(|_| judged.approved && comparable(signals));
    let knows_device = profile.is_some_and(|profile| {
        signals.device != 0 && profile.values(super::level::Level::Device).any(|device| device == signals.device)
    });
    let journey = last.and_then(|last| travel(&last, signals, judged.at_ms));
    let disowned = profile.and_then(|profile| profile.pending).is_some_and(|pending| {
        let same = |one: u32, other: u32| one != 0 && one == other;
        let of = pending.signals;
        let is_same = same(of.network, signals.network) || same(of.device, signals.device);
        pending.disowned && is_same && judged.at_ms.saturating_sub(pending.when) < DISOWNED_MS
    });
    let rules = [
        (journey == Some(Travel::Impossible), "impossible_travel", if knows_device { 10 } else { 40 }),
        (journey == Some(Travel::Country), "fast_country_change", 20),
        (hides && !allowed, "anonymous_network", 15),
        (judged.spraying && !allowed, "spraying_network", 40),
        (judged.guessing, "under_guessing", 20),
        (disowned, "reported", 40),
    ];
    rules.into_iter().filter(|rule| rule.0).map(|(_, code, points)| Reason { code, points }).collect()
}

/// Whether a network says where its user is.
pub(super) fn comparable(signals: &Signals) -> bool {
    signals.country != 0 && signals.flags & (ANONYMOUS | HOSTING | SATELLITE | ALLOWED) == 0
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Travel {
    Impossible,
    Country,
}

/// Whether nobody gets from the last place to this one in time: further than both radii allow, by a city file; or another
/// country within an hour, where there is none.
fn travel(last: &Last, signals: &Signals, at_ms: u64) -> Option<Travel> {
    let hours = at_ms.saturating_sub(last.when) as f64 / 3_600_000.0;
    match last.place.zip(signals.place) {
        Some((from, to)) => {
            let km = distance(from, to) - f64::from(from.radius) - f64::from(to.radius);
            (hours <= 24.0 && km >= KM && km >= KM_PER_HOUR * hours).then_some(Travel::Impossible)
        }
        None => (hours < 1.0 && last.country != signals.country).then_some(Travel::Country),
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
