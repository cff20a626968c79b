//! One line of a segment.
//!
//! ```text
//! {"n":17,"bucket":21,…,"h":"<43 characters>"}
//! └──────── body ────┘└─ suffix, 51 bytes ──┘
//! ```
//! `n` counts the lines of the trail from 1, over all its segments. `h` is SHA-256 over the 32 bytes of `h` of the line before
//! (zeros before the first) and the bytes of this line's body, in base64. So a line is checked as it stands, byte by byte,
//! and nothing has to be written anew for it.

use std::io::{self, Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::bytes::Bytes;

/// Bytes of a line behind its body, without the line feed.
const SUFFIX: usize = 51;
const HASH: &[u8] = b",\"h\":\"";
const END: &[u8] = b"\"}";

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
        let (body, suffix) = line.split_at_checked(line.len().checked_sub(SUFFIX)?)?;
        let hash = suffix.strip_prefix(HASH)?.strip_suffix(END)?;
        Some(Self { n: number(body)?, body, hash: Bytes::read(hash)?.0 })
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

    /// Appends the line that says `what`, a JSON object with at least one field.
    ///
    /// # Errors
    /// If it cannot be written as JSON; the draft is then as it was.
    pub fn push(&mut self, what: &impl Serialize) -> io::Result<()> {
        let start = self.text.len();
        let body = body(&mut self.text, self.n + 1, what);
        if body.is_err() {
            self.text.truncate(start);
            return body;
        }
        self.hash = hash(&self.hash, self.text.get(start..).unwrap_or_default());
        self.n += 1;
        self.text.extend_from_slice(HASH);
        let mut digits = [0; 43];
        STANDARD_NO_PAD.encode_slice(self.hash, &mut digits).map_err(io::Error::other)?;
        self.text.extend_from_slice(&digits);
        self.text.extend_from_slice(END);
        self.text.push(b'\n');
        Ok(())
    }
}

/// `{"n":17` and the object's fields, without the closing brace.
fn body(out: &mut Vec<u8>, n: u64, what: &impl Serialize) -> io::Result<()> {
    write!(out, "{{\"n\":{n}")?;
    let object = out.len();
    serde_json::to_writer(&mut *out, what)?;
    let has_fields = out.len() > object + 2;
    match out.get_mut(object) {
        Some(brace @ b'{') if has_fields => *brace = b',',
        _ => return Err(io::Error::other("not a JSON object")),
    }
    out.pop();
    Ok(())
}
