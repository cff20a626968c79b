//! A user's profile: what their sign-ins showed, in numbers and keyed references, `otp:{tag}:r:<ref>` in Redis.
//!
//! ```text
//! u8  version = 1
//! u8  sign-ins learned, 255 = that many or more
//! u16 day           of the last one learned, days since 1970
//! 6 × u8 n·2, u8 v·2 for each level: sign-ins in which it counted, those of them with something new, faded to that day
//! u48 when          of the last place: ms since 1970, 0 = none
//! u16 country · i16 latitude · i16 longitude, hundredths of a degree · u16 radius, km
//! 6 × u8 count, then each value (2, 4, 4, 4, 1, 2 bytes) with a u8: bit 7 = seen more than once, else the week of last use mod 128
//! and, where a sign-in waits: u8 1, or 2 = its user disowned it, u48 when, u32 verification of the first like it,
//!     u32 its own, u16 country, u32 operator, u32 network, u32 device, u8 system, u8 browser
//! ```

use super::{
    level::Level,
    signals::{Place, Signals},
};

/// The version of the bytes.
const VERSION: u8 = 1;
/// Counts fade by half in so many days: a user long away is new again.
const HALF_LIFE: f64 = 90.0;
/// For how long what a user disowned counts.
const DISOWNED_MS: u64 = 7 * 86_400_000;
/// Weeks are kept modulo this.
const WEEKS: u8 = 128;
const AGAIN: u8 = 128;
/// The golden ratio's fraction, by multiples of which rounding is spread evenly over days.
const SPREAD: f64 = 0.618_033_988_749_895;

/// A value that a user showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) value: u32,
    /// Whether more than once.
    again: bool,
    /// Of the last time, modulo [`WEEKS`].
    week: u8,
}

/// What is known of one level.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Of {
    /// Sign-ins in which it counted.
    pub(super) n: f64,
    /// Those of them with something new.
    pub(super) v: f64,
    pub(super) seen: Vec<Seen>,
}

/// The last place of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    /// ms since 1970.
    pub when: u64,
    /// 0 = not known.
    pub country: u16,
    /// Where, if a city file told.
    pub place: Option<Place>,
}

/// A sign-in that counts for nothing yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// When the first like it was approved, or it was disowned, ms since 1970.
    pub when: u64,
    /// Whether its user disowned it.
    pub disowned: bool,
    /// The verification of the first like it, by [`super::signals::short`] of its generation; 0 = not known.
    pub first: u32,
    /// Its own.
    pub last: u32,
    /// What it showed.
    pub signals: Signals,
}

/// A profile is what is known of one user's sign-ins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    /// How many were learned, 255 at most.
    pub sign_ins: u8,
    /// When the last one was, days since 1970.
    pub(super) day: f64,
    pub(super) levels: [Of; 6],
    /// Where the user was last.
    pub last: Option<Last>,
    /// The last one that was suspicious.
    pub pending: Option<Pending>,
}

impl Pending {
    /// Whether its user disowned it, which counts for a week.
    pub(super) fn is_disowned(&self, at_ms: u64) -> bool {
        self.disowned && at_ms.saturating_sub(self.when) < DISOWNED_MS
    }
}

impl Of {
    pub(super) fn knows(&self, value: u32) -> bool {
        self.seen.iter().any(|seen| seen.value == value)
    }

    /// Sees a value. Of more than are kept, whoever was seen once only goes first, then the longest unseen; never the newest.
    pub(super) fn see(&mut self, level: Level, value: u32, week: u64) {
        let week = (week % u64::from(WEEKS)) as u8;
        match self.seen.iter_mut().find(|seen| seen.value == value) {
            Some(seen) => (seen.again, seen.week) = (true, week),
            None => self.seen.push(Seen { value, again: false, week }),
        }
        if self.seen.len() > level.traits().kept {
            let age = |seen: &Seen| week.wrapping_sub(seen.week) % WEEKS;
            let others = self.seen.iter().enumerate().filter(|(_, seen)| seen.value != value);
            let goes = others.min_by_key(|(_, seen)| (seen.again, WEEKS - age(seen))).map(|(at, _)| at);
            if let Some(at) = goes {
                self.seen.remove(at);
            }
        }
    }
}

impl Profile {
    pub(super) fn of(&self, level: Level) -> &Of {
        // One for each level.
        self.levels.get(level as usize).unwrap_or_else(|| unreachable!("six levels"))
    }

    /// By how much counts have faded on `day`.
    pub(super) fn fade(&self, day: f64) -> f64 {
        (-(day - self.day).max(0.0) / HALF_LIFE).exp2()
    }

    /// Whether what a sign-in shows of a level is known.
    pub fn knows(&self, level: Level, signals: &Signals) -> bool {
        signals.value(level).is_some_and(|value| self.of(level).knows(value))
    }

    /// The values of a level that are remembered.
    pub fn values(&self, level: Level) -> impl Iterator<Item = u32> {
        self.of(level).seen.iter().map(|seen| seen.value)
    }

    /// As Redis has it.
    pub fn bytes(&self) -> Vec<u8> {
        let day = self.day as u16;
        let mut out = vec![VERSION, self.sign_ins];
        out.extend(day.to_be_bytes());
        for (of, level) in self.levels.iter().zip(0u8..) {
            // Always to the nearest, a little fading a day would be none; so the rest decides on how many days it is less.
            let spread = (f64::from(day) * SPREAD + f64::from(level) / 6.0).fract();
            out.extend([of.n, of.v].map(|count| (count * 2.0 + spread).clamp(0.0, 255.0) as u8));
        }
        let mut put = |width: usize, number: u64| out.extend(number.to_be_bytes().split_at(8 - width).1);
        let last = self.last.unwrap_or(Last { when: 0, country: 0, place: None });
        let Place { latitude, longitude, radius } = last.place.unwrap_or_default();
        put(6, last.when);
        [last.country, latitude as u16, longitude as u16, radius].iter().for_each(|part| put(2, (*part).into()));
        for (of, level) in self.levels.iter().zip(Level::ALL) {
            put(1, of.seen.len() as u64);
            for seen in &of.seen {
                put(level.traits().width, seen.value.into());
                put(1, (if seen.again { AGAIN } else { 0 } | seen.week).into());
            }
        }
        if let Some(Pending { when, disowned, first, last, signals }) = self.pending {
            put(1, 1 + u64::from(disowned));
            put(6, when);
            [first, last].iter().for_each(|verification| put(4, (*verification).into()));
            put(2, signals.country.into());
            [signals.operator, signals.network, signals.device].iter().for_each(|value| put(4, (*value).into()));
            [signals.system, signals.browser].iter().for_each(|family| put(1, (*family).into()));
        }
        out
    }

    /// Reads what Redis has; `None` where it is no profile, or a later version's.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        if bytes.number(1)? != u64::from(VERSION) {
            return None;
        }
        let mut profile = Self { sign_ins: bytes.number(1)? as u8, day: bytes.number(2)? as f64, ..Self::default() };
        for of in &mut profile.levels {
            (of.n, of.v) = (bytes.number(1)? as f64 / 2.0, bytes.number(1)? as f64 / 2.0);
        }
        let (when, country) = (bytes.number(6)?, bytes.number(2)? as u16);
        let (latitude, longitude) = (bytes.number(2)? as u16 as i16, bytes.number(2)? as u16 as i16);
        let radius = bytes.number(2)? as u16;
        let place = (radius > 0).then_some(Place { latitude, longitude, radius });
        profile.last = (when > 0).then_some(Last { when, country, place });
        for (of, level) in profile.levels.iter_mut().zip(Level::ALL) {
            for _ in 0..bytes.number(1)? {
                let (value, mark) = (bytes.number(level.traits().width)? as u32, bytes.number(1)? as u8);
                of.seen.push(Seen { value, again: mark >= AGAIN, week: mark % WEEKS });
            }
            if of.seen.len() > level.traits().kept {
                return None;
            }
        }
        if !bytes.0.is_empty() {
            let disowned = bytes.number(1)? == 2;
            let when = bytes.number(6)?;
            let (first, last) = (bytes.number(4)? as u32, bytes.number(4)? as u32);
            let (country, operator) = (bytes.number(2)? as u16, bytes.number(4)? as u32);
            let (network, device) = (bytes.number(4)? as u32, bytes.number(4)? as u32);
            let (system, browser) = (bytes.number(1)? as u8, bytes.number(1)? as u8);
            let signals = Signals { country, operator, network, device, system, browser, ..Signals::default() };
            profile.pending = Some(Pending { when, disowned, first, last, signals });
        }
        bytes.0.is_empty().then_some(profile)
    }
}

/// Bytes that are yet to be read.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    /// The number in the next `width` of them, 8 at most.
    fn number(&mut self, width: usize) -> Option<u64> {
        let (taken, rest) = self.0.split_at_checked(width)?;
        self.0 = rest;
        Some(taken.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}
