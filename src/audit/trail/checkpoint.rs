//! Checkpoints: the one thing that is signed about a trail, for whoever has the public key alone.
//!
//! It says how far the trail went, and the hash there; what for, its [`Role`] says, so that none can be put in another's
//! place. The files `head` and `removed` hold one each. They have always the same length and fit a disk's sector, so that
//! overwriting one in place leaves either the old or the new one, needs no space and moves nothing in the file system.

use std::{fs::File, io, os::unix::fs::FileExt as _, path::Path, thread, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Bytes, Hash};
use crate::files;
use crate::secret::{PublicKey, TrailKeys};

/// Bytes of the signature and what is around it, without the line feed.
const SUFFIX: usize = 96;
const SIGNATURE: &[u8] = b",\"sig\":\"";
const BEGIN: &[u8] = b"{\"checkpoint\":\"";

/// Bytes of a file: the statement, spaces and a line feed.
const LENGTH: usize = 512;
/// How often a file is read again that is being written meanwhile.
const LOOKS: usize = 10;
/// Between two such looks.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// What a checkpoint is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// How far the trail is on disk: the file `head`.
    Head,
    /// How far it was, once a minute and for good: a line of the segment.
    Mark,
    /// The end of the last segment that retention removed: the file `removed`.
    Removed,
}

impl Role {
    /// The file that holds the only one.
    pub fn file(self) -> &'static str {
        if self == Self::Removed { "removed" } else { "head" }
    }
}

/// A checkpoint is what is signed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The trail's name.
    #[serde(rename = "checkpoint")]
    pub trail: String,
    /// What it is for.
    #[serde(rename = "as")]
    pub role: Role,
    /// When it was made, by the sidecar's clock, ms since 1970.
    pub time_ms: u64,
    /// Number of the segment; 0 = none was removed yet.
    pub segment: u32,
    /// Number of the segment's last line by then.
    pub n: u64,
    /// Where in the segment's file it ends; 0 where the segment went.
    pub bytes: u64,
    /// Its hash.
    pub h: Bytes<32>,
    /// Time of the segment's newest event, ms since 1970; 0 = none.
    pub newest_ms: u64,
    /// [`PublicKey::id`] of the key that verifies it.
    pub key: String,
}

impl Checkpoint {
    /// The hash of the last line.
    pub fn hash(&self) -> &Hash {
        &self.h.0
    }

    /// The statement, signed, without a line feed.
    pub fn signed(&self, keys: &TrailKeys) -> io::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(self)?;
        line.pop();
        let signature = keys.sign(&line);
        Bytes(signature).end(&mut line, SIGNATURE);
        Ok(line)
    }

    /// What a statement says, if this key signed it.
    pub fn open(public: &PublicKey, line: &[u8]) -> Option<Self> {
        let (said, signature) = Bytes::<64>::split(line, SIGNATURE)?;
        public.verifies(said, &signature.0).then(|| Self::parse(line))?
    }

    /// The same, whoever signed it.
    fn parse(line: &[u8]) -> Option<Self> {
        let said = line.get(..line.len().checked_sub(SUFFIX)?)?;
        serde_json::from_slice(&[said, b"}"].concat()).ok()
    }

    /// Finds a statement in a line of the trail, or of whatever else such lines were written to.
    pub fn find(text: &[u8]) -> Option<&[u8]> {
        let rest = text.get(memchr::memmem::find(text, BEGIN)?..)?;
        let end = memchr::memmem::find(rest, SIGNATURE)? + SUFFIX;
        rest.get(..end)
    }

    /// Overwrites a file with it; on disk once this returns.
    ///
    /// # Errors
    /// Either of both may stand there by then.
    pub fn write(&self, file: &File, keys: &TrailKeys) -> io::Result<()> {
        let mut line = self.signed(keys)?;
        if line.len() >= LENGTH {
            return Err(io::Error::other("the checkpoint is too long"));
        }
        line.resize(LENGTH - 1, b' ');
        line.push(b'\n');
        file.write_all_at(&line, 0)?;
        file.sync_data()
    }

    /// Reads the file of this role; `None` if it is not as this key's owner wrote it.
    pub fn read(trail: &Path, role: Role, public: &PublicKey) -> io::Result<Option<Self>> {
        let path = trail.join(role.file());
        let mut bytes = files::read_bytes(&path)?;
        for _ in 0..LOOKS {
            let said = statement(&bytes).and_then(|line| Self::open(public, line));
            if let Some(said) = said.filter(|said| said.role == role) {
                return Ok(Some(said));
            }
            // Half of it may have been old and half new, for as long as its writer waits for its turn.
            thread::sleep(LOOK_AGAIN);
            let again = files::read_bytes(&path)?;
            if again == bytes {
                break;
            }
            bytes = again;
        }
        Ok(None)
    }

    /// What a file says that nobody may have signed, or somebody else.
    pub fn unverified(trail: &Path, role: Role) -> Option<Self> {
        Self::parse(statement(&files::read_bytes(&trail.join(role.file())).ok()?)?)
    }
}

/// The statement in a file's bytes.
fn statement(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = bytes.strip_suffix(b"\n").filter(|bytes| bytes.len() == LENGTH - 1)?;
    let end = bytes.iter().rposition(|byte| *byte == b'}')? + 1;
    let (line, rest) = bytes.split_at_checked(end)?;
    rest.iter().all(|byte| *byte == b' ').then_some(line)
}
