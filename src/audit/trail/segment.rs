//! Marks, and the end of one segment and the beginning of the next.

use std::{collections::BTreeMap, fs, io, os::unix::fs::FileExt as _};

use serde_json::value::RawValue;

use super::{
    End, Trail,
    bytes::Bytes,
    checkpoint::Role,
    create,
    line::Draft,
    record::{self, FORMAT, Header, MarkLine},
    settings::Limits,
};

impl Trail {
    /// Writes a mark, if there is something new to say, and answers its statement. `seen` is how far the other trails of
    /// the directory went.
    ///
    /// # Errors
    /// If it cannot be written; it is tried again the next time.
    pub fn mark(&mut self, seen: BTreeMap<String, u64>, now_ms: u64) -> io::Result<Option<Vec<u8>>> {
        self.write_head_if_dirty(now_ms)?;
        if self.is_marked() && seen.keys().eq(self.seen.keys()) {
            return Ok(None);
        }
        let statement = self.checkpoint(Role::Mark, now_ms).signed(&self.keys)?;
        let mark = RawValue::from_string(String::from_utf8_lossy(&statement).into_owned());
        let mut draft = Draft::behind(self.end.n, self.end.hash);
        draft.push(&MarkLine { mark: mark?, seen: seen.clone() })?;
        self.append(draft)?;
        (self.marked, self.seen) = (self.end.n, seen);
        self.write_head(now_ms)?;
        Ok(Some(statement))
    }

    /// Begins the next segment if the open one is full, or old and not empty.
    ///
    /// # Errors
    /// If it cannot be begun; it is tried again the next time.
    pub fn roll(&mut self, limits: &Limits, now_ms: u64) -> io::Result<()> {
        let old = now_ms.saturating_sub(self.begun_ms) >= limits.segment_ms && self.newest_ms > 0;
        if self.end.bytes >= limits.segment_bytes || old { self.begin(now_ms) } else { Ok(()) }
    }

    /// Begins the next segment.
    ///
    /// # Errors
    /// If it cannot be begun; the open one goes on.
    pub fn begin(&mut self, now_ms: u64) -> io::Result<()> {
        self.write_head_if_dirty(now_ms)?;
        let number = self.end.segment.checked_add(1).ok_or_else(|| io::Error::other("too many segments"))?;
        let header = Header {
            segment: number,
            format: FORMAT,
            trail: self.id.clone(),
            time_ms: now_ms,
            place: self.place.clone(),
            previous: Bytes(self.end.hash),
            newest_ms: self.newest_ms,
            positions: self.positions.clone(),
        };
        let mut draft = Draft::behind(self.end.n, self.end.hash);
        draft.push(&header)?;
        let path = record::path(&self.dir, number);
        let begun = || {
            let file = create::file(&path)?;
            file.write_all_at(&draft.text, 0)?;
            file.sync_all()?;
            create::sync(&self.dir)?;
            Ok(file)
        };
        self.file = begun().inspect_err(|_: &io::Error| {
            // What is left of it would be taken for the segment's beginning.
            let _ = fs::remove_file(&path);
        })?;
        // A mark of a segment that nothing happened in yet says nothing new.
        if self.is_marked() {
            self.marked = draft.n;
        }
        self.end = End { segment: number, n: draft.n, bytes: draft.text.len() as u64, hash: draft.hash };
        (self.begun_ms, self.newest_ms) = (now_ms, 0);
        self.written.extend_from_slice(&draft.text);
        self.write_head(now_ms)
    }
}
