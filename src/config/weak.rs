//! Combinations that make guessing likely.

use super::reader::Reader;
use crate::policy::{LockoutPolicy, code::Shape};

/// One lockout's tries may hit one code in so many at best: the odds that 5 tries have of 50,000 codes.
const LOCKOUT_ODDS: f64 = 10_000.0;
/// All tries until the hard stop may hit one code in so many at best: what 100 tries (NIST SP 800-63B-4 §3.2.2) have
/// of 100,000 codes.
const HARD_STOP_ODDS: f64 = 1_000.0;

/// What the odds of a code are weighed against.
pub(super) struct Rule<'a> {
    pub(super) lockout: &'a LockoutPolicy,
    /// Weak combinations are warnings, not mistakes (`OTP_ALLOW_WEAK`).
    pub(super) allowed: bool,
}

impl Rule<'_> {
    /// Reports codes of `shape` if they are too easily guessed; `suffix` is that of the purpose's variables.
    pub(super) fn check(&self, r: &mut Reader, suffix: &str, shape: &Shape) {
        let lockout = f64::from(self.lockout.max_failures);
        let stop = f64::from(self.lockout.hard_stop);
        let limits = [
            (lockout, LOCKOUT_ODDS, "MAX_FAILED_VERIFICATIONS_PER_OTP", "for one lockout"),
            (stop, HARD_STOP_ODDS, "OTP_MAX_CONSECUTIVE_FAILURES", "until the hard stop"),
        ];
        for (tries, odds, limit, span) in limits {
            // Multiplied, since both sides are then whole numbers and exact where it matters.
            if tries * odds > shape.space() {
                report(r, suffix, &sentence(shape, suffix, tries, odds, (limit, span)), self.allowed);
            }
        }
    }
}

fn report(r: &mut Reader, suffix: &str, sentence: &str, allowed: bool) {
    let variable = format!("OTP_LENGTH{suffix}");
    if allowed {
        r.warn(&variable, format!("{sentence}; allowed by OTP_ALLOW_WEAK"));
    } else {
        let way_out = format!("raise OTP_LENGTH{suffix}, widen OTP_ALPHABET{suffix}");
        r.mistake(&variable, format!("{sentence}; {way_out}, lower the tries or accept it with OTP_ALLOW_WEAK=true"));
    }
}

fn sentence(shape: &Shape, suffix: &str, tries: f64, odds: f64, (limit, span): (&str, &str)) -> String {
    let space = shape.space();
    let (tries_text, space_text) = (thousands(tries), thousands(space));
    let (chance, most) = (thousands((space / tries).max(1.0)), thousands(odds));
    format!(
        "with OTP_ALPHABET{suffix} and {limit} makes guessing likely: \
         {tries_text} tries of {space_text} codes = 1 in {chance} {span}, more than 1 in {most}"
    )
}

/// `10000` as `10,000`.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
