//! The file `epochs` beside a trail's segments: the highest epoch of each bucket that an event in the trail has. Redis whose
//! data are of an earlier one holds an old copy ([`crate::store::highest`]).

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use super::create;
use crate::store::{Bucket, highest::Highest};

const NAME: &str = "epochs";

/// Adds what the trails in `root` say. A file that cannot be read as such says nothing: it is written anew with the next
/// higher epoch.
///
/// # Errors
/// If a file is there and cannot be read.
pub fn read(root: &Path, highest: &Highest) -> io::Result<()> {
    for trail in create::all(root)? {
        let text = match fs::read_to_string(trail.join(NAME)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for (bucket, epoch) in Bucket::all().zip(text.split_whitespace()) {
            highest.raise(bucket, epoch.parse().unwrap_or(0));
        }
    }
    Ok(())
}

/// Writes the file of one trail; on disk once this returns.
///
/// # Errors
/// The one before stands.
pub fn write(trail: &Path, highest: &Highest) -> io::Result<()> {
    let numbers: Vec<String> = highest.all().iter().map(u32::to_string).collect();
    let making = trail.join(".epochs");
    let mut file = create::file(&making)?;
    file.write_all(numbers.join(" ").as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&making, trail.join(NAME))?;
    create::sync(trail)
}
