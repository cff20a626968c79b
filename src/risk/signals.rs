//! What is known of a sign-in beside its user: where it came from and with what, in numbers that name nobody.
//!
//! In an event (tag 15), big-endian, 0 = not known:
//!
//! ```text
//! u16 country, two letters · u32 operator, its AS number · u8 system · u8 browser · u8 flags of the location file
//! i16 latitude, i16 longitude in hundredths of a degree · u16 radius, km
//! ```
//! Network and device are in the event as keyed references; their first four bytes are their values here.

use super::level::Level;
use crate::secret::Reference;

/// Flags of a network: whoever uses it hides where they are, or is a machine.
pub const ANONYMOUS: u8 = 1;
/// A data centre.
pub const HOSTING: u8 = 2;
/// A satellite's operator: its addresses say nothing about where the user is.
pub const SATELLITE: u8 = 4;
/// The operator of this sidecar named it as one that is never suspicious (`OTP_RISK_ALLOW`).
pub const ALLOWED: u8 = 8;

/// Bytes in an event.
pub const BYTES: usize = 15;

/// Where on Earth a sign-in came from, as far as a city file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Hundredths of a degree, north.
    pub latitude: i16,
    /// Hundredths of a degree, east.
    pub longitude: i16,
    /// The user is within so many km of it, with 67 % confidence; 0 = the file does not say.
    pub radius: u16,
}

/// The signals of one sign-in. Values are 0 where nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signals {
    /// Two letters, as a number.
    pub country: u16,
    /// AS number.
    pub operator: u32,
    /// First bytes of the network's reference.
    pub network: u32,
    /// First bytes of the device's reference.
    pub device: u32,
    /// [`super::families`].
    pub system: u8,
    /// [`super::families`].
    pub browser: u8,
    /// [`ANONYMOUS`] and the others.
    pub flags: u8,
    /// Where it is.
    pub place: Option<Place>,
}

impl Signals {
    /// The value of a level, `None` where it is not known.
    pub fn value(&self, level: Level) -> Option<u32> {
        let value = match level {
            Level::Country => self.country.into(),
            Level::Operator => self.operator,
            Level::Network => self.network,
            Level::Device => self.device,
            Level::System => self.system.into(),
            Level::Browser if self.browser == 0 => 0,
            Level::Browser => u32::from(self.system) << 8 | u32::from(self.browser),
        };
        (value != 0).then_some(value)
    }

    /// The same with the network and the device that an event names.
    #[must_use]
    pub fn with(self, network: Option<&Reference>, device: Option<&Reference>) -> Self {
        let value = |reference: Option<&Reference>| reference.map_or(0, |reference| short(&reference.0));
        Self { network: value(network), device: value(device), ..self }
    }

    /// Whether another sign-in came over the same network, or from the same device.
    pub(super) fn shares(&self, other: &Self) -> bool {
        let same = |level| self.value(level).is_some_and(|value| other.value(level) == Some(value));
        same(Level::Network) || same(Level::Device)
    }

    /// The country's two letters.
    pub fn country_code(&self) -> Option<String> {
        letters(self.country)
    }

    /// As an event has it; empty where nothing is known.
    pub fn packed(&self) -> Vec<u8> {
        if *self == (Self { network: self.network, device: self.device, ..Self::default() }) {
            return Vec::new();
        }
        let Place { latitude, longitude, radius } = self.place.unwrap_or_default();
        let mut out = Vec::with_capacity(BYTES);
        out.extend(self.country.to_be_bytes());
        out.extend(self.operator.to_be_bytes());
        out.extend([self.system, self.browser, self.flags]);
        [latitude, longitude].iter().for_each(|degree| out.extend(degree.to_be_bytes()));
        out.extend(radius.to_be_bytes());
        out
    }

    /// What an event has, without what the client said of itself.
    pub fn without_client(packed: &[u8]) -> Vec<u8> {
        Self::unpack(packed).map_or_else(|| packed.to_vec(), |known| Self { system: 0, browser: 0, ..known }.packed())
    }

    /// Reads what an event has; `None` where it is of another length, as only a later version would write it.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let &[c0, c1, o0, o1, o2, o3, system, browser, flags, a0, a1, b0, b1, r0, r1] =
            <&[u8; BYTES]>::try_from(bytes).ok()?;
        let radius = u16::from_be_bytes([r0, r1]);
        let (latitude, longitude) = (i16::from_be_bytes([a0, a1]), i16::from_be_bytes([b0, b1]));
        Some(Self {
            country: u16::from_be_bytes([c0, c1]),
            operator: u32::from_be_bytes([o0, o1, o2, o3]),
            system,
            browser,
            flags,
            place: (radius > 0).then_some(Place { latitude, longitude, radius }),
            ..Self::default()
        })
    }
}

/// The two letters of a country.
pub fn letters(country: u16) -> Option<String> {
    let letters = country.to_be_bytes();
    letters.iter().all(u8::is_ascii_uppercase).then(|| letters.iter().map(|letter| char::from(*letter)).collect())
}

/// The first four bytes of a reference, never 0.
pub fn short(reference: &[u8]) -> u32 {
    reference.first_chunk().map_or(0, |first| u32::from_be_bytes(*first).max(1))
}
