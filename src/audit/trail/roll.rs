//! The beginning and the end of a segment, and its checkpoints.

use std::{fs, io, os::unix::fs::FileExt as _};

use serde::Serialize;

use super::{
    Limits, Position, Trail,
    bytes::Bytes,
    create, line,
    segment::{self, Footer, Header, Tally, VERSION},
    series::Series,
    signed::Checkpoint,
};

impl Trail {
    /// Begins the next segment.
    pub(super) fn begin(&mut self, now_ms: u64) -> io::Result<()> {
        let number = self.at.segment.checked_add(1).ok_or_else(|| io::Error::other("too many segments"))?;
        let key = match &self.key {
            Some(last) if self.at.segment > 0 => last.next(),
            _ => self.keys.segment(&self.id, &self.nonce, number),
        };
        let header = Header {
            segment: number,
            trail: self.id.clone(),
            version: VERSION,
            time_ms: now_ms,
            nonce: Bytes(self.nonce),
            public_key: Bytes(self.keys.public().0),
            previous: self.at.link.bytes(),
        };
        let mut text = Vec::new();
        let n = self.at.n + 1;
        let link = line::append(&mut text, (n, &self.at.link), &key, &header)?;
        let (path, of_checkpoints) = (segment::path(&self.dir, number), segment::checkpoints(&self.dir, number));
        let begun = || {
            let file = create::file(&path)?;
            file.write_all_at(&text, 0)?;
            file.sync_all()?;
            let series = Series::open::<Checkpoint>(&of_checkpoints, self.keys.public(), self.checkpoint)?;
            let (series, _) = series.ok_or_else(|| io::Error::other("a new segment has checkpoints"))?;
            create::sync(&self.dir)?;
            Ok((file, series))
        };
        let (file, series) = begun().inspect_err(|_: &io::Error| {
            // What is left of it would be taken for the segment's beginning.
            let _ = fs::remove_file(&path);
            let _ = fs::remove_file(&of_checkpoints);
        })?;
        self.at = Position { segment: number, n, bytes: text.len() as u64, link, closed: false };
        // The key before is erased here.
        (self.file, self.key, self.checkpoints) = (Some(file), Some(key), Some(series));
        (self.begun_ms, self.tally, self.torn) = (now_ms, Tally::default(), 0);
        Ok(())
    }

    /// Closes the open segment if it is full or old.
    ///
    /// # Errors
    /// If its end cannot be written; it is tried again the next time.
    pub fn roll(&mut self, limits: &Limits, now_ms: u64) -> io::Result<()> {
        let old = now_ms.saturating_sub(self.begun_ms) >= limits.segment_ms && self.tally.events > 0;
        if !self.at.closed && (self.at.bytes >= limits.segment_bytes || old) { self.close(now_ms) } else { Ok(()) }
    }

    /// Closes the open segment, if there is one: its last line, the head that says so, and its last checkpoint.
    ///
    /// # Errors
    /// If one of them cannot be written; what was is not written again.
    pub fn close(&mut self, now_ms: u64) -> io::Result<()> {
        self.end(now_ms)?;
        self.checkpoint(now_ms).map(drop)
    }

    /// Writes the open segment's last line, and says so.
    pub(super) fn end(&mut self, now_ms: u64) -> io::Result<()> {
        if !self.at.closed {
            let Tally { events, first_ms, last_ms, ranges } = self.tally.clone();
            let end = self.at.segment;
            self.say_last(&Footer { end, time_ms: now_ms, events, first_ms, last_ms, torn: self.torn, ranges })?;
        }
        self.say_all(now_ms)
    }

    fn say_last(&mut self, footer: &impl Serialize) -> io::Result<()> {
        let (Some(file), Some(key)) = (&self.file, &self.key) else {
            return Err(io::Error::other("no segment is open"));
        };
        let mut text = Vec::new();
        let link = line::append(&mut text, (self.at.n + 1, &self.at.link), key, footer)?;
        if let Err(error) = file.write_all_at(&text, self.at.bytes).and_then(|()| file.sync_data()) {
            // Best effort: what is left of it is overwritten or, after a crash, removed.
            let _ = file.set_len(self.at.bytes);
            return Err(error);
        }
        (self.at.n, self.at.link, self.at.closed) = (self.at.n + 1, link, true);
        self.at.bytes += text.len() as u64;
        (self.file, self.unsaid) = (None, true);
        Ok(())
    }

    /// Makes a checkpoint, if there is something new to say; `true` if it did. Never of what the head has not said: that
    /// would be written anew after a crash, and contradict it.
    ///
    /// # Errors
    /// If it cannot be written; it is tried again the next time.
    pub fn checkpoint(&mut self, now_ms: u64) -> io::Result<bool> {
        self.say_all(now_ms)?;
        let Position { segment, n, bytes, link, closed } = self.at;
        let Some(series) = self.checkpoints.as_mut().filter(|_| n > self.checkpointed) else { return Ok(false) };
        let checkpoint = Checkpoint {
            checkpoint: self.checkpoint.number + 1,
            previous: Bytes(self.checkpoint.hash),
            trail: self.id.clone(),
            segment,
            time_ms: now_ms,
            n,
            bytes,
            h: Bytes(link.hash),
            s: Bytes(link.seal),
            closed,
            key: self.keys.public().id(),
        };
        series.append(&self.keys, &checkpoint)?;
        (self.checkpoint, self.checkpointed) = (series.last, n);
        self.say(now_ms)?;
        Ok(true)
    }
}
