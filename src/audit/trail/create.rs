//! A new trail: its directory, complete before it has its name.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    End, Trail,
    checkpoint::{Checkpoint, Role},
    line,
    record::{self, Place},
};
use crate::{
    files,
    secret::{TrailKeys, hex},
};

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
///
/// # Errors
/// If it cannot be read.
pub fn all(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if id_of(&path).is_some() {
            found.push(path);
        }
    }
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

/// Makes a new file for its owner alone, in place of what an unfinished write left.
pub(in crate::audit) fn file(path: &Path) -> io::Result<File> {
    files::create(path)
}

/// Has a directory's names on disk.
pub(in crate::audit) fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

impl Trail {
    /// Makes a new trail in `root`, which is `place` to its readers; `random` names it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(root: &Path, place: &Place, keys: &Arc<TrailKeys>, random: [u8; 4], now_ms: u64) -> io::Result<Self> {
        let id = hex(&random);
        let making = root.join(format!(".new-{id}"));
        DirBuilder::new().mode(0o700).create(&making)?;
        let made = fill(&making, &id, place, keys, now_ms).and_then(|mut trail| {
            trail.dir = directory(root, &id);
            fs::rename(&making, &trail.dir)?;
            sync(root)?;
            Ok(trail)
        });
        if made.is_err() {
            // A full disk has no room for what is of no use.
            let _ = fs::remove_dir_all(&making);
        }
        made
    }
}

fn fill(dir: &Path, id: &str, place: &Place, keys: &Arc<TrailKeys>, now_ms: u64) -> io::Result<Trail> {
    let lock = file(&dir.join("lock"))?;
    lock.try_lock().map_err(io::Error::from)?;
    let mut public = file(&dir.join("public-key"))?;
    public.write_all(keys.public().pem().as_bytes())?;
    public.sync_all()?;
    let mut trail = Trail {
        dir: dir.to_owned(),
        id: id.to_owned(),
        place: place.clone(),
        keys: Arc::clone(keys),
        _lock: lock,
        head: file(&dir.join(Role::Head.file()))?,
        removed: file(&dir.join(Role::Removed.file()))?,
        // Closed again at once: the first segment takes its place.
        file: file(&record::path(dir, 1))?,
        end: End { segment: 0, n: 0, bytes: 0, hash: line::NONE },
        head_dirty: false,
        begun_ms: now_ms,
        newest_ms: 0,
        positions: BTreeMap::new(),
        marked: 0,
        seen: BTreeMap::new(),
        gone: 0,
        written: Vec::new(),
        broken: false,
    };
    trail.checkpoint(Role::Removed, now_ms).write(&trail.removed, keys)?;
    trail.begin(now_ms)?;
    Ok(trail)
}
