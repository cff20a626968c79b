//! Files and directories of ours in places that others may write, too: a mount that belongs to a group, a directory that
//! somebody prepared. No link is followed that somebody may have planted, and the rights of nothing are changed that we did
//! not make.

mod given;

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use rustix::{
    fs::OFlags,
    io::Errno,
    process::{getegid, geteuid},
};

pub use given::{drop_mark, open_given, read_small};

/// What everybody may do, and what our group may.
const OTHERS: u32 = 0o007;
const OTHERS_WRITE: u32 = 0o002;
const GROUP: u32 = 0o070;
const GROUP_WRITES: u32 = 0o020;

/// The last part of a path is no link, and to open a pipe does not wait for somebody at its other end.
fn flags() -> i32 {
    (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32
}

fn refused(why: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::PermissionDenied, why.into())
}

fn mode(found: &Metadata) -> u32 {
    found.permissions().mode() & 0o7777
}

/// Makes a directory that its owner alone may enter, with all above it, or takes one that is there. That may be anybody's, as
/// long as not everybody may write it: a mount belongs to root or to nobody in particular, and our group may write it.
///
/// # Errors
/// Why it cannot be used, and what to do.
pub fn directory(path: &Path) -> io::Result<()> {
    let Some(found) = there(fs::metadata(path))? else {
        leads_somewhere(path)?;
        return DirBuilder::new().recursive(true).mode(0o700).create(path);
    };
    if !found.is_dir() {
        return Err(io::Error::new(ErrorKind::NotADirectory, "it is not a directory"));
    }
    if mode(&found) & OTHERS_WRITE != 0 {
        let mode = mode(&found);
        return Err(refused(format!(
            "everybody may write there (mode {mode:o}): take that right away with chmod o-w, or name a \
             directory in it, which is then made for its owner alone"
        )));
    }
    Ok(())
}

/// Checks that neither `path` nor what is above it is a link to nothing, in the place of which nothing can be made.
///
/// # Errors
/// The first that is one, by name.
pub fn leads_somewhere(path: &Path) -> io::Result<()> {
    let dangling = |path: &&Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) && !path.exists();
    match path.ancestors().find(dangling) {
        None => Ok(()),
        Some(link) => {
            let why = format!("{} is a symbolic link to something that is not there", link.display());
            Err(io::Error::new(ErrorKind::NotFound, why))
        }
    }
}

/// Makes or takes the data directory: as [`directory`], and for root no directory of another user, who could put anything
/// in the place of what is in it; one that root's group may write is taken, as a mount for a group is.
///
/// # Errors
/// Why it cannot be used, and what to do.
pub fn data_directory(path: &Path) -> io::Result<()> {
    directory(path)?;
    let found = fs::metadata(path)?;
    let of_group = mode(&found) & GROUP_WRITES != 0 && found.gid() == getegid().as_raw();
    if geteuid().is_root() && found.uid() != 0 && !of_group {
        let owner = found.uid();
        return Err(refused(format!(
            "it belongs to user {owner}, and we run as root: run as that user, or name a directory of root's"
        )));
    }
    Ok(())
}

/// Makes a directory somewhere in the data directory, or takes it, each level for ourselves alone as
/// [`private_directory`] does. What everybody could write until now is not taken.
///
/// # Errors
/// It cannot be made, or a level is not ours or is a link.
pub fn directory_inside(data: &Path, below: &Path) -> io::Result<()> {
    let mut path = data.to_owned();
    for level in below {
        path.push(level);
        if real_directory(&path).is_ok() {
            directory(&path)?;
        }
        private_directory(&path)?;
    }
    Ok(())
}

/// Makes a directory for ourselves alone inside of another, or takes the one that we made there before, and makes it private
/// again: whoever mounts a volume for a group may have opened it.
///
/// # Errors
/// It cannot be made, or what has its name is not ours.
pub fn private_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let opened = OpenOptions::new().read(true).custom_flags(flags() | OFlags::DIRECTORY.bits() as i32).open(path);
    let opened = opened.map_err(explained)?;
    is_ours(&opened.metadata()?)?;
    if mode(&opened.metadata()?) & (GROUP | OTHERS) != 0 {
        opened.set_permissions(fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Whether `path` is a directory and no link to one.
///
/// # Errors
/// It is something else, or cannot be looked at.
pub fn real_directory(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() { Ok(()) } else { Err(refused("it is a link or not a directory")) }
}

/// Opens a regular file, which is made for its owner alone if the options say so.
///
/// # Errors
/// It cannot be opened, or is a link, a pipe or anything else that is not a regular file.
pub fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options.mode(0o600).custom_flags(flags()).open(path).map_err(explained)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(refused("it is not a regular file")) }
}

/// The same, of a file that must be ours and have no other name.
///
/// # Errors
/// As [`open`], and that somebody else may have put it there.
pub fn open_own(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = open(path, options)?;
    let found = file.metadata()?;
    is_ours(&found)?;
    if found.nlink() > 1 {
        return Err(refused("it has a second name (a hard link), by which others may get at it"));
    }
    Ok(file)
}

/// What was done to a file, or `None` where there is none of that name.
///
/// # Errors
/// Any other.
pub fn there<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        done => done.map(Some),
    }
}

/// Makes a new file for its owner alone, in place of whatever has its name.
///
/// # Errors
/// It cannot be made.
pub fn create(path: &Path) -> io::Result<File> {
    there(fs::remove_file(path))?;
    OpenOptions::new().create_new(true).read(true).write(true).mode(0o600).custom_flags(flags()).open(path)
}

/// Has a directory's names on disk.
///
/// # Errors
/// They may not be there.
pub fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Writes a file for its owner alone beside one and puts it in its place, so that a crash never leaves half of it; on disk
/// once this returns.
///
/// # Errors
/// The one before stands.
pub fn replace(path: &Path, beside: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create(beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(beside, path)?;
    path.parent().map_or(Ok(()), sync)
}

/// Reads a regular file.
///
/// # Errors
/// As [`open`], or it is not UTF-8.
pub fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path, OpenOptions::new().read(true))?.read_to_string(&mut text)?;
    Ok(text)
}

/// Reads a regular file that is no text.
///
/// # Errors
/// As [`open`].
pub fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path, OpenOptions::new().read(true))?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Checks that a secret in `directory` is known to its owner alone. Where the group may write the whole directory, as in a
/// volume that is mounted for one, its rights to the file say no more than that.
///
/// # Errors
/// Who else may read or write it, and what to do.
pub fn is_secret(file: &File, directory: &Path) -> io::Result<()> {
    let (file, directory) = (file.metadata()?, fs::metadata(directory)?);
    let of_group = mode(&directory) & GROUP_WRITES != 0 && directory.gid() == file.gid();
    let open = mode(&file) & if of_group { OTHERS } else { OTHERS | GROUP };
    if open == 0 {
        return Ok(());
    }
    let mode = mode(&file);
    Err(refused(format!(
        "others may read or write it (mode {mode:o}), so it may be no secret any more: chmod 600 it if nobody did, or remove \
         the directory's contents to begin anew"
    )))
}

/// Checks that all below a directory is ours and that there is no link in it. Three levels are more than a server of ours
/// has.
///
/// # Errors
/// The first that is not, by name.
pub fn all_ours(directory: &Path) -> io::Result<()> {
    let mut level = vec![directory.to_owned()];
    for _ in 0..3 {
        for directory in std::mem::take(&mut level) {
            for entry in fs::read_dir(directory)? {
                let entry = entry?;
                let (found, name) = (entry.metadata()?, entry.path());
                if found.is_symlink() {
                    return Err(refused(format!("{} is a link", name.display())));
                }
                is_ours(&found).map_err(|error| refused(format!("{}: {error}", name.display())))?;
                if found.is_dir() {
                    level.push(name);
                }
            }
        }
    }
    Ok(())
}

fn is_ours(found: &Metadata) -> io::Result<()> {
    let us = geteuid().as_raw();
    if found.uid() == us {
        return Ok(());
    }
    let owner = found.uid();
    Err(refused(format!(
        "it belongs to user {owner} and not to the one we run as ({us}): whoever made it knows what is in it; run as that \
         user, chown it, or remove it"
    )))
}

/// What the system says of a link that is not to be followed tells nobody what is meant.
fn explained(error: io::Error) -> io::Error {
    match Errno::from_io_error(&error) {
        Some(Errno::LOOP | Errno::NOTDIR) => {
            refused("it is a symbolic link or not a directory; nothing is followed here")
        }
        Some(Errno::NXIO) => refused("it is a pipe or socket and not a regular file"),
        _ => error,
    }
}
