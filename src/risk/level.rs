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

impl Level {
    /// All of them, each behind its parent.
    pub const ALL: [Self; 6] =
        [Self::Country, Self::Operator, Self::Network, Self::Device, Self::System, Self::Browser];

    /// The level without a known value of which this one does not count: a new country is one surprise and not three.
    pub const fn parent(self) -> Option<Self> {
        match self {
            Self::Operator => Some(Self::Country),
            Self::Network => Some(Self::Operator),
            Self::Browser => Some(Self::System),
            Self::Country | Self::Device | Self::System => None,
        }
    }

    /// How often somebody else than the user shows something new here, 0 to 1: assumed, as there are no true figures.
    pub const fn attacker(self) -> f64 {
        match self {
            Self::Country => 0.35,
            Self::Operator => 0.70,
            Self::Network => 0.95,
            Self::Device => 0.90,
            Self::System | Self::Browser => 0.30,
        }
    }

    /// How many values of a user are kept.
    pub(super) const fn kept(self) -> usize {
        match self {
            Self::Country | Self::System | Self::Browser => 4,
            Self::Operator | Self::Device => 6,
            Self::Network => 8,
        }
    }

    /// Bytes of a value in a profile.
    pub(super) const fn width(self) -> usize {
        match self {
            Self::System => 1,
            Self::Country | Self::Browser => 2,
            Self::Operator | Self::Network | Self::Device => 4,
        }
    }

    /// The words for a new and for a known value in answers.
    pub const fn codes(self) -> [&'static str; 2] {
        match self {
            Self::Country => ["new_country", "known_country"],
            Self::Operator => ["new_operator", "known_operator"],
            Self::Network => ["new_network", "known_network"],
            Self::Device => ["new_device", "known_device"],
            Self::System => ["new_system", "known_system"],
            Self::Browser => ["new_browser", "known_browser"],
        }
    }
}
