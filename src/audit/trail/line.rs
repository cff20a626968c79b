//! One line of a segment, `{"n":17,"bucket":21,…,"h":"<43 characters>"}`: what is before `,"h"` is its body, and `h` is a hash
//! of the line before and of that. So a line is checked as it stands, byte by byte, and nothing is written anew for it.

use std::io::{self, Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};

/// What stands between a line's body and the text of its hash.
const HASH: &[u8] = b",\"h\":\"";

/// What one line hangs on the line before by.
pub type Hash = [u8; 32];

/// What the first line of a trail hangs on.
pub const NONE: Hash = [0; 32];

/// A line as it was read.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Which of its trail.
    pub n: u64,
    /// Everything before the suffix.
    pub body: &'a [u8],
    /// What its suffix says.
    pub hash: Hash,
}

impl<'a> Line<'a> {
    /// Takes a line, without its line feed, apart; `None` if it has not the form of one.
    pub fn read(line: &'a [u8]) -> Option<Self> {
        let (body, Bytes(hash)) = Bytes::split(line, HASH)?;
        Some(Self { n: number(body)?, body, hash })
    }

    /// Whether it is as it was written behind a line with this hash.
    pub fn follows(&self, before: &Hash) -> bool {
        self.hash == hash(before, self.body)
    }

    /// The body as the JSON object that it begins.
    pub fn json(&self) -> Vec<u8> {
        [self.body, b"}"].concat()
    }
}

/// The hash of the line with this body.
fn hash(before: &Hash, body: &[u8]) -> Hash {
    Sha256::new().chain_update(before).chain_update(body).finalize().into()
}

/// `{"n":<number>,`
fn number(body: &[u8]) -> Option<u64> {
    let rest = body.strip_prefix(b"{\"n\":")?;
    let digits = rest.split(|byte| *byte == b',').next()?;
    let text = std::str::from_utf8(digits).ok()?;
    let n: u64 = text.parse().ok()?;
    // Only as it is written here: no sign, no leading zero.
    (digits.len() < rest.len() && n.to_string() == text).then_some(n)
}

/// Lines that are to be written behind others.
#[derive(Debug)]
pub struct Draft {
    /// Their text, each with its line feed.
    pub text: Vec<u8>,
    /// The number of the last one.
    pub n: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Draft {
    /// None yet, behind line `n`.
    pub fn behind(n: u64, hash: Hash) -> Self {
        Self { text: Vec::new(), n, hash }
    }

    /// Appends the line that says `what`, a JSON object with at least one field; if it cannot, the draft is as it was.
    pub fn push(&mut self, what: &impl Serialize) -> io::Result<()> {
        let object = serde_json::to_vec(what)?;
        let fields = object.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
        let fields = fields.filter(|fields| !fields.is_empty());
        let fields = fields.ok_or_else(|| io::Error::other("not a JSON object"))?;
        self.line(|text| {
            text.push(b',');
            text.extend_from_slice(fields);
        });
        Ok(())
    }

    /// Appends the line whose fields behind its number `put` appends, each behind a comma.
    pub fn line(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        let start = self.text.len();
        self.n += 1;
        // What is in memory takes whatever is written.
        let _ = write!(self.text, "{{\"n\":{}", self.n);
        put(&mut self.text);
        self.hash = hash(&self.hash, self.text.get(start..).unwrap_or_default());
        Bytes(self.hash).end(&mut self.text, HASH);
        self.text.push(b'\n');
    }
}

/// So many bytes, as they stand in the trail's JSON: in base64 without padding, in its one canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes<const N: usize>(pub [u8; N]);

impl<const N: usize> Bytes<N> {
    /// Of its text.
    const LENGTH: usize = (4 * N).div_ceil(3);

    /// Reads what [`Bytes::text`] writes; `None` for anything else.
    pub fn read(text: &[u8]) -> Option<Self> {
        Some(Self(STANDARD_NO_PAD.decode(text).ok()?.try_into().ok()?))
    }

    /// In base64.
    pub fn text(&self) -> String {
        STANDARD_NO_PAD.encode(self.0)
    }

    /// Ends an object with it: `begin` is what stands before its text.
    pub(super) fn end(&self, object: &mut Vec<u8>, begin: &[u8]) {
        object.extend_from_slice(begin);
        let at = object.len();
        object.resize(at + Self::LENGTH, 0);
        // There is room for all of it.
        _ = object.get_mut(at..).map(|text| STANDARD_NO_PAD.encode_slice(self.0, text));
        object.extend_from_slice(b"\"}");
    }

    /// Takes apart what [`Bytes::end`] ended: into what was there before, and these bytes.
    pub(super) fn split<'a>(object: &'a [u8], begin: &[u8]) -> Option<(&'a [u8], Self)> {
        let suffix = begin.len() + Self::LENGTH + 2;
        let (rest, suffix) = object.split_at_checked(object.len().checked_sub(suffix)?)?;
        Some((rest, Self::read(suffix.strip_prefix(begin)?.strip_suffix(b"\"}")?)?))
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
