//! Buckets: 64 of them, each in one cluster slot.
//!
//! A reference alone tells its bucket (`reference[0] & 63`), and all keys of a bucket carry its hash tag, so one function can
//! read and write a subject's record, the bucket's indexes and its events atomically, on one Redis and on a cluster alike.

use crate::secret::Reference;

/// How many buckets there are.
pub const BUCKETS: usize = 64;

/// Hash tags whose cluster slots (CRC16 mod 16384) are 127, 383, 639 …: 256 apart, so that up to 64 primaries with equal
/// slot ranges get the same number of buckets. Found by trying all tags of three letters and digits; a test recomputes it.
const TAGS: [&str; BUCKETS] = [
    "41y", "k1g", "5gp", "bnv", "459", "66o", "5c0", "bj6", "84l", "g4r", "9be", "nkc", "094", "g02", "dem", "3lk",
    "4ds", "cmu", "52z", "j2d", "ajc", "6ce", "5r2", "75l", "8af", "gax", "97o", "f7q", "efn", "2oh", "d0g", "39a",
    "6w7", "40i", "7e6", "yg8", "6sw", "azq", "7av", "hah", "g5b", "0xl", "fck", "1jm", "v32", "8u4", "nn3", "9g5",
    "6f5", "4ec", "7t4", "53j", "6bu", "aks", "7pt", "h4b", "2j8", "0in", "3x9", "9rw", "2nx", "8d6", "38q", "9v7",
];

/// One bucket, 0–63.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u8);

impl Bucket {
    /// The bucket that holds everything of this reference.
    pub fn of(reference: &Reference) -> Self {
        Self(reference.0[0] & 63)
    }

    /// All buckets, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..64).map(Self)
    }

    /// Its number, 0–63.
    pub fn number(self) -> u8 {
        self.0
    }

    /// Its cluster slot.
    pub fn slot(self) -> u16 {
        127 + 256 * u16::from(self.0)
    }

    /// The bucket of this number, `None` if there is none.
    pub fn of_number(number: u8) -> Option<Self> {
        (number < 64).then_some(Self(number))
    }

    /// Its hash tag, without braces.
    pub fn tag(self) -> &'static str {
        TAGS.get(usize::from(self.0)).copied().unwrap_or_default()
    }
}
