//! A new trail: its directory, complete before it has its name.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Position, Trail, head,
    line::Link,
    segment::Tally,
    series::Series,
    signed::{Last, Root},
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

/// Makes a new file for its owner alone, in place of what an unfinished write left.
pub(super) fn file(path: &Path) -> io::Result<File> {
    files::create(path)
}

/// Has a directory's names on disk.
pub(super) fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

impl Trail {
    /// Makes a new trail in `root`, named and sealed by `random`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(root: &Path, keys: &Arc<TrailKeys>, random: [u8; 20], now_ms: u64) -> io::Result<Self> {
        let (nonce, id) = random.split_first_chunk::<16>().ok_or_else(|| io::Error::other("no nonce"))?;
        let id = hex(id);
        let making = root.join(format!(".new-{id}"));
        DirBuilder::new().mode(0o700).create(&making)?;
        let made = fill(&making, &id, *nonce, keys, now_ms);
        let made = made.and_then(|mut trail| {
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

fn fill(dir: &Path, id: &str, nonce: [u8; 16], keys: &Arc<TrailKeys>, now_ms: u64) -> io::Result<Trail> {
    let lock = file(&dir.join("lock"))?;
    lock.try_lock().map_err(io::Error::from)?;
    let mut public = file(&dir.join("public-key"))?;
    public.write_all(keys.public().pem().as_bytes())?;
    public.sync_all()?;
    let roots = Series::open::<Root>(&dir.join("roots.jsonl"), keys.public(), Last::NONE)?;
    let (roots, _) = roots.ok_or_else(|| io::Error::other("a new file has roots"))?;
    let head = file(&head::path(dir))?;
    let mut trail = Trail {
        dir: dir.to_owned(),
        id: id.to_owned(),
        keys: Arc::clone(keys),
        nonce,
        _lock: lock,
        head,
        at: Position { segment: 0, n: 0, bytes: 0, link: Link::NONE, closed: true },
        unsaid: true,
        file: None,
        key: None,
        begun_ms: now_ms,
        tally: Tally::default(),
        torn: 0,
        checkpoints: None,
        checkpoint: Last::NONE,
        checkpointed: 0,
        roots,
        gone: 0,
    };
    trail.say(now_ms)?;
    sync(dir)?;
    Ok(trail)
}
