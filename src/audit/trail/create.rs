//! A new trail: its directory, complete before it has its name.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{collections::BTreeMap, os::unix::fs::DirBuilderExt as _, sync::Arc};

use super::{Checkpoint, End, Header, Place, Role, Stop, Trail, line, make};
use crate::files;
use crate::secret::{TrailKeys, hex};

/// What the directory of a trail is called.
pub fn directory(root: &Path, id: &str) -> PathBuf {
    root.join(format!("trail-{id}"))
}

/// The name of the trail in this directory, if it is called like one.
pub fn id_of(dir: &Path) -> Option<&str> {
    let id = dir.file_name()?.to_str()?.strip_prefix("trail-")?;
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (id.len() == 8 && id.bytes().all(hex)).then_some(id)
}

/// The trails in a directory, by name.
pub fn all(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = fs::read_dir(root)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    found.retain(|path| id_of(path).is_some());
    found.sort();
    Ok(found)
}

/// How far the trails of a directory went but for one's own, of those that these keys signed.
pub(super) fn heads_beside(root: &Path, own: Option<&Path>, keys: &TrailKeys) -> BTreeMap<String, u64> {
    let others = all(root).unwrap_or_default();
    let heads = others.iter().filter(|dir| Some(dir.as_path()) != own).filter_map(|dir: &PathBuf| {
        let head = Checkpoint::read(dir, Role::Head, keys.public()).ok().flatten()?;
        (id_of(dir) == Some(&head.trail)).then_some((head.trail, head.n))
    });
    heads.collect()
}

impl Trail {
    /// Makes a new trail in `root`, which is `place` to its readers; `random` names it.
    pub fn create(root: &Path, place: &Place, keys: &Arc<TrailKeys>, random: [u8; 4], now_ms: u64) -> io::Result<Self> {
        let id = hex(&random);
        let (making, dir) = (root.join(format!(".new-{id}")), directory(root, &id));
        DirBuilder::new().mode(0o700).create(&making)?;
        let made = fill(&making, &id, place, keys, now_ms).and_then(|made| {
            fs::rename(&making, &dir)?;
            files::sync(root)?;
            Ok(made)
        });
        let (lock, written) = made.inspect_err(|_| {
            // A full disk has no room for what is of no use.
            let _ = fs::remove_dir_all(&making);
        })?;
        let trail = Self::open_locked(&dir, place, keys, lock, now_ms).map_err(|why| match why {
            Stop::Io(error) => error,
            why => io::Error::other(why),
        })?;
        Ok(Self { written, ..trail })
    }
}

/// Puts all into a directory that a trail has; answers its lock, which is held, and its first line.
fn fill(dir: &Path, id: &str, place: &Place, keys: &TrailKeys, now_ms: u64) -> io::Result<(File, Vec<u8>)> {
    let lock = files::create(&dir.join("lock"))?;
    lock.try_lock().map_err(io::Error::from)?;
    let mut public = files::create(&dir.join("public-key"))?;
    public.write_all(keys.public().pem().as_bytes())?;
    public.sync_all()?;
    let nothing = End { segment: 0, n: 0, bytes: 0, hash: line::NONE, newest_ms: 0 };
    let header = Header::behind(&nothing, id, place, now_ms);
    let (_, end, text) = make(dir, &header, &nothing)?;
    for (role, end) in [(Role::Removed, nothing), (Role::Head, end)] {
        end.checkpoint(role, id, keys, now_ms).write(&files::create(&dir.join(role.file()))?, keys)?;
    }
    files::sync(dir)?;
    Ok((lock, text))
}
