//! Where codes may go: prefixes of telephone numbers, and how many codes go to one of them, or to one recipient.

use super::Quota;

/// What holds of destinations.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Destinations {
    /// Which numbers may be called at all (`OTP_PHONE_PREFIXES`).
    pub prefixes: Prefixes,
    /// Codes to one prefix that nobody proved, for each tenant (`OTP_PHONE_BUDGET`); `None` = off.
    pub unproven: Option<Quota>,
    /// Codes to one address that is not the subject's own (`OTP_SENDS_PER_RECIPIENT_PER_HOUR`); `None` = off.
    pub recipient: Option<Quota>,
}

/// Prefixes, the longest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prefixes(Vec<Prefix>);

#[derive(Debug, Clone, PartialEq)]
struct Prefix {
    label: String,
    allowed: bool,
}

impl Prefixes {
    /// Reads `+49,+1,-+1876` or `*`: what begins with `-` is denied.
    pub fn parse(text: &str) -> Option<Self> {
        let prefix = |entry: &str| {
            let (label, allowed) = entry.strip_prefix('-').map_or((entry, true), |label| (label, false));
            let digits = label.strip_prefix('+').unwrap_or_default();
            let known = (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            ((known && !digits.starts_with('0')) || (label == "*" && allowed))
                .then(|| Prefix { label: label.to_owned(), allowed })
        };
        let mut all: Vec<_> = text.split(',').map(|entry| prefix(entry.trim())).collect::<Option<_>>()?;
        all.sort_by_key(|prefix| (std::cmp::Reverse(prefix.start().len()), prefix.label.clone()));
        (!all.windows(2).any(|two| matches!(two, [one, other] if one.label == other.label))).then_some(Self(all))
    }

    /// The prefix of a number, and whether it may be called: the longest decides, and where there is none it may not.
    pub fn of(&self, number: &str) -> (&str, bool) {
        let longest = self.0.iter().find(|prefix| number.starts_with(prefix.start()));
        longest.map_or((Self::OTHER, false), |prefix| (&prefix.label, prefix.allowed))
    }

    /// What a number of no prefix is counted under.
    pub const OTHER: &str = "other";

    /// All that numbers are counted under.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|prefix| &*prefix.label).chain([Self::OTHER])
    }
}

impl Prefix {
    fn start(&self) -> &str {
        if self.label == "*" { "" } else { &self.label }
    }
}
