//! The file `head`: how far the trail is on disk, signed, overwritten with each write.
//!
//! It has always the same length and fits a disk's sector, so that overwriting it in place leaves either the old or the new
//! one, needs no space and moves nothing in the file system. It is on disk before an event is deleted from Redis: a trail
//! that ends before its head was cut.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use super::signed::{self, Head};
use crate::{
    files,
    secret::{PublicKey, TrailKeys},
};

/// Bytes of the file: the line, spaces and a line feed.
const LENGTH: usize = 512;

/// How often a head is read again that is being written meanwhile.
const LOOKS: usize = 10;

/// Where it is.
pub fn path(trail: &Path) -> PathBuf {
    trail.join("head")
}

/// Overwrites it; on disk once this returns.
///
/// # Errors
/// Either of both may stand there by then.
pub fn write(file: &File, keys: &TrailKeys, head: &Head) -> io::Result<()> {
    let mut line = signed::sign(keys, head)?;
    if line.len() >= LENGTH {
        return Err(io::Error::other("the head is too long"));
    }
    line.resize(LENGTH - 1, b' ');
    line.push(b'\n');
    file.write_all_at(&line, 0)?;
    file.sync_data()
}

/// Reads it; `None` if it is not as this key's owner wrote it.
///
/// # Errors
/// If there is none, or it cannot be read.
pub fn read(trail: &Path, public: &PublicKey) -> io::Result<Option<Head>> {
    let path = path(trail);
    let mut bytes = files::read_bytes(&path)?;
    for _ in 0..LOOKS {
        if let Some(head) = parse(&bytes, public) {
            return Ok(Some(head));
        }
        // Half of it may have been old and half new.
        let again = files::read_bytes(&path)?;
        if again == bytes {
            break;
        }
        bytes = again;
    }
    Ok(None)
}

fn parse(bytes: &[u8], public: &PublicKey) -> Option<Head> {
    let bytes = bytes.strip_suffix(b"\n").filter(|bytes| bytes.len() == LENGTH - 1)?;
    let end = bytes.iter().rposition(|byte| *byte == b'}')? + 1;
    let (line, rest) = bytes.split_at_checked(end)?;
    if rest.iter().all(|byte| *byte == b' ') { signed::open(public, line) } else { None }
}
