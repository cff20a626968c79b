//! Where events go.

use std::io::{self, Write};

use super::trail::{Clocks, Exported, Keeper, Place, Position, Trail};
use crate::event::{Bucket, Event};

/// What makes other lines of lines.
pub type Rewrite = fn(&[u8]) -> Vec<u8>;

/// A sink writes events to a trail in a directory, to standard output, or to both: then the same lines.
#[derive(Debug)]
pub struct Sink {
    /// The trail, if there is one.
    pub keeper: Option<Box<Keeper>>,
    /// Whether lines are printed.
    pub prints: bool,
    /// What this place is to readers.
    pub place: Place,
    /// Rewrites lines that are printed; `None` = they are printed as they are.
    pub rewrite: Option<Rewrite>,
}

impl Sink {
    /// Writes events out; once it has returned they may be deleted from the outbox. `now_ms` is our clock, ms since 1970.
    ///
    /// # Errors
    /// None of them may be deleted; they come again.
    pub fn write(&mut self, events: &[Event], now_ms: u64) -> io::Result<()> {
        if let Some(keeper) = &mut self.keeper {
            keeper.write(events, now_ms)?;
            return self.print_written();
        }
        let mut lines = Vec::new();
        for event in events {
            lines.extend(event.json());
            lines.push(b'\n');
        }
        self.print(&lines)
    }

    /// Learns up to where events of a bucket went before they came to us.
    pub fn take_over(&mut self, bucket: Bucket, before: Exported) {
        if let Some(keeper) = &mut self.keeper {
            keeper.take_over(bucket, before);
        }
    }

    /// What the store is to remember once events of a bucket up to `position` are deleted.
    pub fn exported(&self, position: Position) -> Exported {
        let trail = self.trail().map(|trail| trail.id().to_owned());
        Exported { trail, position: Some(position), place: self.place.clone() }
    }

    /// Does what is due with time, or at the end; whoever misses a mark that cannot be printed has the next one.
    pub fn tick(&mut self, clocks: Clocks, is_last: bool) {
        match &mut self.keeper {
            Some(keeper) if is_last => keeper.close(clocks.host_ms),
            Some(keeper) => keeper.tick(clocks),
            None => {}
        }
        if let Err(error) = self.print_written() {
            tracing::warn!(%error, "a mark of the audit trail cannot be printed");
        }
    }

    /// The trail that is being written, if there is one.
    pub fn trail(&self) -> Option<&Trail> {
        self.keeper.as_ref().and_then(|keeper| keeper.trail())
    }

    fn print_written(&mut self) -> io::Result<()> {
        let written = self.keeper.as_mut().map(|keeper| keeper.take_written()).unwrap_or_default();
        if self.prints { self.print(&written) } else { Ok(()) }
    }

    fn print(&self, lines: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self.rewrite {
            Some(rewrite) => out.write_all(&rewrite(lines))?,
            None => out.write_all(lines)?,
        }
        out.flush()
    }
}
