//! The files `positions-<trail>`: how far the events of each bucket were known to have gone, for the next start. In
//! `OTP_AUDIT_DIR`; where there is no trail in the data directory, if that can be written. They prove nothing and are no part of
//! a trail.

use std::{fs, io, path::PathBuf, sync::Arc};

use crate::store::positions::{Known, Positions};
use crate::{event::Bucket, files};

const PREFIX: &str = "positions-";
/// In the place of a trail's name where there is none.
const NO_TRAIL: &str = "stdout";
/// How often they are written, as a trail is marked.
const EVERY_MS: u64 = 60_000;

/// Where positions are kept.
#[derive(Debug)]
pub struct PositionsFile {
    root: PathBuf,
    positions: Arc<Positions>,
    written_ms: u64,
}

impl PositionsFile {
    /// Learns what the files in `root` say; those about other data are passed over.
    pub fn open(root: PathBuf, positions: Arc<Positions>, now_ms: u64) -> io::Result<Self> {
        let file = Self { root, positions, written_ms: now_ms };
        let Some(entries) = files::there(fs::read_dir(&file.root))? else { return Ok(file) };
        for entry in entries {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX)) {
                let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
                file.learn(&files::read(&path).map_err(named)?);
            }
        }
        Ok(file)
    }

    /// The first line: whose data they are about.
    fn head(&self) -> String {
        format!("{}\n", self.positions.owner())
    }

    /// What is no position says nothing: it is written anew within a minute.
    fn learn(&self, text: &str) {
        let Some(all) = text.strip_prefix(&self.head()) else { return };
        for (bucket, one) in Bucket::all().zip(all.split_whitespace()) {
            let known = one.split_once('@').and_then(|(position, since_ms)| {
                Some(Known { position: position.parse().ok()?, since_ms: since_ms.parse().ok()? })
            });
            known.into_iter().for_each(|known| self.positions.learn_since(bucket, known));
        }
    }

    /// Writes the file once a minute.
    ///
    /// # Errors
    /// The one before stands; it is tried again in a minute.
    pub fn tick(&mut self, trail: Option<&str>, now_ms: u64) -> io::Result<()> {
        if now_ms.abs_diff(self.written_ms) < EVERY_MS {
            return Ok(());
        }
        self.written_ms = now_ms;
        self.write(trail)
    }

    /// Writes the file of this trail; on disk once this returns.
    ///
    /// # Errors
    /// The one before stands.
    pub fn write(&self, trail: Option<&str>) -> io::Result<()> {
        let name = format!("{PREFIX}{}", trail.unwrap_or(NO_TRAIL));
        files::directory(&self.root)?;
        let path = self.root.join(&name);
        // Others may write it as well.
        if let Ok(known) = files::read(&path) {
            self.learn(&known);
        }
        let one = |bucket| match self.positions.of(bucket) {
            Some(Known { position, since_ms }) => format!("{position}@{since_ms}"),
            None => "-".to_owned(),
        };
        let text = format!("{}{}\n", self.head(), Bucket::all().map(one).collect::<Vec<_>>().join("\n"));
        files::replace(&path, &self.root.join(format!(".{name}")), text.as_bytes())
    }
}
