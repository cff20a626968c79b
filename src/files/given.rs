//! Files that somebody else wrote, and that we are given the paths of.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use zeroize::Zeroizing;

/// No secret, certificate or key is longer; a wrong path must not fill the memory.
const SMALL: u64 = 1 << 20;
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file that somebody else wrote, without the mark that editors put before UTF-8.
///
/// # Errors
/// Why it cannot be used, as the rest of a sentence that its variable begins; never its path, nor what stands in it.
pub fn read_small(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let unreadable = |error: io::Error| format!("names a file that cannot be read: {error}");
    let mut bytes = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(unreadable)?;
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
