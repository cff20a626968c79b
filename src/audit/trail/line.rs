//! One line of a segment.
//!
//! ```text
//! {"n":17,"bucket":21,…,"h":"<43 characters>","s":"<22 characters>"}
//! └──────── body ────┘└───────────── suffix, 80 bytes ─────────────┘
//! ```
//! `n` counts the lines of the trail from 1, over all its segments. `h` is SHA-256 over the 32 + 16 bytes of `h` and `s` of
//! the line before (zeros before the first) and the bytes of this line's body; `s` seals `h` under the segment's key. Both
//! are base64. So a line is checked as it stands, byte by byte, and nothing has to be written anew for it.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::bytes::Bytes;
use crate::secret::SegmentKey;

/// Bytes of a line behind its body, without the line feed.
const SUFFIX: usize = 80;
const HASH: &[u8] = b",\"h\":\"";
const SEAL: &[u8] = b"\",\"s\":\"";
const END: &[u8] = b"\"}";

/// What the next line hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Hash of a line.
    pub hash: [u8; 32],
    /// Its seal.
    pub seal: [u8; 16],
}

impl Link {
    /// What the first line of a trail hangs on.
    pub const NONE: Self = Self { hash: [0; 32], seal: [0; 16] };

    /// The hash of the line with this body.
    pub fn hash(&self, body: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(self.hash).chain_update(self.seal).chain_update(body).finalize().into()
    }

    /// Both together.
    pub fn bytes(&self) -> Bytes<48> {
        let mut bytes = [0; 48];
        bytes.iter_mut().zip(self.hash.iter().chain(&self.seal)).for_each(|(to, from)| *to = *from);
        Bytes(bytes)
    }
}

/// A line as it was read.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Which of its trail.
    pub n: u64,
    /// Everything before the suffix.
    pub body: &'a [u8],
    /// What its suffix says.
    pub link: Link,
}

impl<'a> Line<'a> {
    /// Takes a line, without its line feed, apart; `None` if it has not the form of one.
    pub fn read(line: &'a [u8]) -> Option<Self> {
        let (body, suffix) = line.split_at_checked(line.len().checked_sub(SUFFIX)?)?;
        let (hash, rest) = suffix.strip_prefix(HASH)?.split_at_checked(43)?;
        let (seal, rest) = rest.strip_prefix(SEAL)?.split_at_checked(22)?;
        let link = Link { hash: Bytes::read(hash)?.0, seal: Bytes::read(seal)?.0 };
        let line = Self { n: number(body)?, body, link };
        (rest == END).then_some(line)
    }

    /// The body as the JSON object that it begins.
    pub fn json(&self) -> Vec<u8> {
        [self.body, b"}"].concat()
    }
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

/// Appends the line with number `n` that says `what`, a JSON object with at least one field, and a line feed.
///
/// # Errors
/// If it cannot be written as JSON; `out` is then as it was.
pub fn append(
    out: &mut Vec<u8>,
    (n, before): (u64, &Link),
    key: &SegmentKey,
    what: &impl Serialize,
) -> std::io::Result<Link> {
    let start = out.len();
    let result = body(out, n, what).map(|()| seal(out, start, before, key));
    if result.is_err() {
        out.truncate(start);
    }
    result
}

/// `{"n":17` and the object's fields, without the closing brace.
fn body(out: &mut Vec<u8>, n: u64, what: &impl Serialize) -> std::io::Result<()> {
    out.extend_from_slice(b"{\"n\":");
    out.extend_from_slice(n.to_string().as_bytes());
    let object = out.len();
    serde_json::to_writer(&mut *out, what)?;
    let has_fields = out.len() > object + 2;
    match out.get_mut(object) {
        Some(brace @ b'{') if has_fields => *brace = b',',
        _ => return Err(std::io::Error::other("not a JSON object")),
    }
    out.pop();
    Ok(())
}

fn seal(out: &mut Vec<u8>, start: usize, before: &Link, key: &SegmentKey) -> Link {
    let hash = before.hash(out.get(start..).unwrap_or_default());
    let link = Link { hash, seal: key.seal(&hash) };
    let mut text = [0; 43];
    // 32 bytes are 43 characters and 16 are 22: neither fails, and a line without them would be found by its reader.
    out.extend_from_slice(HASH);
    let length = STANDARD_NO_PAD.encode_slice(link.hash, &mut text).unwrap_or_default();
    out.extend_from_slice(text.get(..length).unwrap_or_default());
    out.extend_from_slice(SEAL);
    let length = STANDARD_NO_PAD.encode_slice(link.seal, &mut text).unwrap_or_default();
    out.extend_from_slice(text.get(..length).unwrap_or_default());
    out.extend_from_slice(END);
    out.push(b'\n');
    link
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{AuditKey, TrailKeys};

    #[derive(Serialize)]
    struct What {
        word: &'static str,
    }

    #[test]
    fn a_line_reads_back_and_no_byte_of_it_can_be_another() {
        let key = TrailKeys::new(&AuditKey::new(&[1; 32])).unwrap().segment("0a1b2c3d", &[0; 16], 1);
        let mut out = b"before\n".to_vec();
        let link = append(&mut out, (17, &Link::NONE), &key, &What { word: "a\",\"h\":\"b" }).unwrap();
        assert_eq!(out.pop(), Some(b'\n'));
        let text = &out[7..];
        let line = Line::read(text).unwrap();
        assert_eq!((line.n, line.link, &line.body[..12]), (17, link, &b"{\"n\":17,\"wor"[..]));
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&line.json()).unwrap()["word"], "a\",\"h\":\"b");
        for at in 0..text.len() {
            let mut other = text.to_vec();
            other[at] ^= 1;
            let sound = Line::read(&other).is_some_and(|line| {
                let hash = Link::NONE.hash(line.body);
                line.n == 17 && hash == line.link.hash && key.seal(&hash) == line.link.seal
            });
            assert!(!sound, "{at}");
        }
    }

    #[test]
    fn what_is_no_object_leaves_nothing_behind() {
        let key = TrailKeys::new(&AuditKey::new(&[1; 32])).unwrap().segment("0a1b2c3d", &[0; 16], 1);
        let mut out = Vec::new();
        assert!(append(&mut out, (1, &Link::NONE), &key, &"text").is_err() && out.is_empty());
        assert!(
            Line::read(b"{\"n\":01,").is_none() && number(b"{\"n\":01,").is_none() && number(b"{\"n\":1").is_none()
        );
    }
}
