//! Files that somebody else wrote, and that we are given the paths of.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

/// No secret, certificate or key is longer; a wrong path must not fill the memory.
const SMALL: u64 = 1 << 20;
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Opens a file that somebody else wrote. Of a pipe or a device a read may wait for ever, and a second one finds nothing.
///
/// # Errors
/// It cannot be opened, or is not a regular file.
pub fn open_given(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    const WANTED: &str = "it is a pipe, a device or a directory, and must be a regular file, which can be read again";
    Err(io::Error::new(ErrorKind::InvalidInput, WANTED))
}

/// Reads a file that somebody else wrote, without the mark that editors put before UTF-8.
///
/// # Errors
/// Why it cannot be used, as the rest of a sentence that its variable begins; never its path, nor what stands in it.
pub fn read_small(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let unreadable = |error: io::Error| format!("names a file that cannot be read: {error}");
    let mut bytes = Zeroizing::new(Vec::new());
    let file = open_given(path).map_err(unreadable)?;
    file.take(SMALL + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > SMALL {
        return Err("names a file of more than 1 MiB".into());
    }
    drop_mark(&mut bytes);
    Ok(bytes)
}

/// Takes away the mark that editors of some systems put before UTF-8.
pub fn drop_mark(bytes: &mut Vec<u8>) {
    if bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
    }
}
