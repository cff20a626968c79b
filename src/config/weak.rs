//! Combinations that make guessing likely.

use super::reader::Reader;
use crate::policy::{LockoutPolicy, PurposePolicy, code::Shape, pace::comparisons_a_year};

/// One lockout's tries may hit one code in so many at best: the odds that 5 tries have of 50,000 codes.
const LOCKOUT_ODDS: f64 = 10_000.0;
/// All tries until the hard stop may hit one code in so many at best: what 100 tries (NIST SP 800-63B-4 §3.2.2) have
/// of 100,000 codes.
const HARD_STOP_ODDS: f64 = 1_000.0;

/// Without a hard stop, a year of comparisons at the fastest pace ([`comparisons_a_year`]) may hit one code in so many at
/// best; from the second on it is worth a warning.
const YEAR_ODDS: f64 = 10.0;
const YEAR_ODDS_WARNED: f64 = 100.0;

/// What the odds of a code are weighed against.
pub(super) struct Rule<'a> {
    pub(super) lockout: &'a LockoutPolicy,
    /// Weak combinations are warnings, not mistakes (`OTP_ALLOW_WEAK`).
    pub(super) allowed: bool,
}

/// So many tries of a code.
struct Odds<'a> {
    tries: f64,
    /// They may hit one code in so many at best.
    most: f64,
    /// The variable that allows so many.
    limit: &'a str,
    /// Within what.
    span: &'a str,
}

impl Rule<'_> {
    /// Reports codes of `shape` if they are too easily guessed; `suffix` is that of the purpose's variables.
    pub(super) fn check(&self, r: &mut Reader, suffix: &str, shape: &Shape) {
        let lockout = Odds {
            tries: f64::from(self.lockout.max_failures),
            most: LOCKOUT_ODDS,
            limit: "MAX_FAILED_VERIFICATIONS_PER_OTP",
            span: "for one lockout",
        };
        let stop = Odds {
            tries: f64::from(self.lockout.hard_stop),
            most: HARD_STOP_ODDS,
            limit: "OTP_MAX_CONSECUTIVE_FAILURES",
            span: "until the hard stop",
        };
        for odds in [lockout, stop] {
            // Multiplied, since both sides are then whole numbers and exact where it matters.
            if odds.tries * odds.most > shape.space() {
                self.report(r, suffix, odds.sentence(suffix, shape));
            }
        }
    }

    /// The odds that a year of guessing hits a code of this purpose, if there is no hard stop; may be above 1.
    pub(super) fn year_odds(&self, purpose: &PurposePolicy) -> f64 {
        comparisons_a_year(self.lockout, purpose) / purpose.shape.space()
    }

    /// Reports codes that a year of guessing is likely to hit, where no number of wrong codes stops it.
    pub(super) fn check_year(&self, r: &mut Reader, suffix: &str, purpose: &PurposePolicy) {
        let (shape, odds) = (&purpose.shape, self.year_odds(purpose));
        if self.lockout.hard_stop > 0 || odds < 1.0 / YEAR_ODDS_WARNED {
            return;
        }
        let is_likely = odds > 1.0 / YEAR_ODDS;
        let sentence = Odds {
            // Beyond that many tries the code has long been hit, however many they are.
            tries: comparisons_a_year(self.lockout, purpose).min(shape.space() * YEAR_ODDS),
            most: if is_likely { YEAR_ODDS } else { YEAR_ODDS_WARNED },
            limit: "OTP_MAX_CONSECUTIVE_FAILURES=0",
            span: "in a year at the fastest pace that locks, pauses and quotas allow",
        }
        .sentence(suffix, shape);
        if is_likely {
            self.report(r, suffix, sentence);
        } else {
            let way_out = "set OTP_MAX_CONSECUTIVE_FAILURES=100 for a hard stop";
            r.warn(&format!("OTP_LENGTH{suffix}"), format!("{sentence}; {way_out}, or raise OTP_LENGTH{suffix}"));
        }
    }

    fn report(&self, r: &mut Reader, suffix: &str, sentence: String) {
        let variable = format!("OTP_LENGTH{suffix}");
        if self.allowed {
            r.warn(&variable, format!("{sentence}; allowed by OTP_ALLOW_WEAK"));
        } else {
            let way_out = format!("raise OTP_LENGTH{suffix}, widen OTP_ALPHABET{suffix}, lower the tries");
            r.mistake(&variable, format!("{sentence}; {way_out} or accept it with OTP_ALLOW_WEAK=true"));
        }
    }
}

impl Odds<'_> {
    fn sentence(&self, suffix: &str, shape: &Shape) -> String {
        let Self { tries, most, limit, span } = *self;
        let space = shape.space();
        let (tries_text, space_text) = (thousands(tries), thousands(space));
        let (chance, most) = (thousands((space / tries).max(1.0)), thousands(most));
        format!(
            "with OTP_ALPHABET{suffix} and {limit} makes guessing likely: \
             {tries_text} tries of {space_text} codes = 1 in {chance} {span}, more than 1 in {most}"
        )
    }
}

/// `10000` as `10,000`.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}
