//! The files `epochs-<id>` beside the trails: the highest epoch of each bucket that an event in the trail has. Redis whose
//! data are of an earlier one holds an old copy ([`crate::store::highest`]). They prove nothing and are no part of a trail.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use super::create;
use crate::{event::Bucket, files, store::highest::Highest};

const PREFIX: &str = "epochs-";

/// The first line: whose data they are about.
fn line_of(highest: &Highest) -> String {
    format!("{}\n", highest.owner())
}

/// Adds what the files in `root` say; those about other data are passed over. A file that cannot be read as such says nothing: it is written anew with the next
/// higher epoch.
///
/// # Errors
/// If a file is there and cannot be read.
pub fn read(root: &Path, highest: &Highest) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let path = entry.path();
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let (text, since) = (files::read(&path).map_err(named)?, entry.metadata()?.modified()?);
        let Some(numbers) = text.strip_prefix(&line_of(highest)) else { continue };
        for (bucket, epoch) in Bucket::all().zip(numbers.split_whitespace()) {
            highest.raise_at(bucket, epoch.parse().unwrap_or(0), since);
        }
    }
    Ok(())
}

/// Writes the file of the trail `id` in `root`; on disk once this returns.
///
/// # Errors
/// The one before stands.
pub fn write(root: &Path, id: &str, highest: &Highest) -> io::Result<()> {
    let numbers: Vec<String> = highest.all().iter().map(u32::to_string).collect();
    let making = root.join(format!(".{PREFIX}{id}"));
    let mut file = create::file(&making)?;
    file.write_all(line_of(highest).as_bytes())?;
    file.write_all(numbers.join(" ").as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&making, root.join(format!("{PREFIX}{id}")))?;
    create::sync(root)
}
