//! Bytes as they stand in the trail's JSON: base64 without padding, in its one canonical form.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// So many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes<const N: usize>(pub [u8; N]);

impl<const N: usize> Bytes<N> {
    /// Reads what [`Bytes::text`] writes; `None` for anything else.
    pub fn read(text: &[u8]) -> Option<Self> {
        Some(Self(STANDARD_NO_PAD.decode(text).ok()?.try_into().ok()?))
    }

    /// In base64.
    pub fn text(&self) -> String {
        STANDARD_NO_PAD.encode(self.0)
    }
}

impl<const N: usize> Serialize for Bytes<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de, const N: usize> Deserialize<'de> for Bytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(text.as_bytes()).ok_or_else(|| D::Error::custom(format!("not {N} bytes in base64")))
    }
}
