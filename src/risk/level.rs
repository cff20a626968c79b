//! What of a sign-in may be new to its user, and how often an attacker shows something new there.

/// A level is a property of sign-ins that is known or new to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The country that the address is in.
    Country,
    /// The operator of its network (autonomous system).
    Operator,
    /// The network itself, a /32 or /64.
    Network,
    /// The device, as the app names it.
    Device,
    /// The family of the operating system.
    System,
    /// The family of the browser, on that system.
    Browser,
}

/// What a level is like.
#[derive(Debug, Clone, Copy)]
pub struct Traits {
    /// The level without a known value of which this one does not count: a new country is one surprise and not three.
    pub parent: Option<Level>,
    /// How often somebody else than the user shows something new here, 0 to 1: assumed, as there are no true figures.
    pub attacker: f64,
    /// How many values of a user are kept.
    pub kept: usize,
    /// Bytes of a value in a profile.
    pub width: usize,
    /// The words for a new and for a known value in answers.
    pub codes: [&'static str; 2],
}

impl Level {
    /// All of them, each behind its parent.
    pub const ALL: [Self; 6] =
        [Self::Country, Self::Operator, Self::Network, Self::Device, Self::System, Self::Browser];

    /// What it is like.
    pub const fn traits(self) -> Traits {
        let (parent, attacker, kept, width, codes) = match self {
            Self::Country => (None, 0.35, 4, 2, ["new_country", "known_country"]),
            Self::Operator => (Some(Self::Country), 0.70, 6, 4, ["new_operator", "known_operator"]),
            Self::Network => (Some(Self::Operator), 0.95, 8, 4, ["new_network", "known_network"]),
            Self::Device => (None, 0.90, 6, 4, ["new_device", "known_device"]),
            Self::System => (None, 0.30, 4, 1, ["new_system", "known_system"]),
            Self::Browser => (Some(Self::System), 0.30, 4, 2, ["new_browser", "known_browser"]),
        };
        Traits { parent, attacker, kept, width, codes }
    }
}
