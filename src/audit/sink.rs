//! Where events go.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use super::trail::keeper::Keeper;
use crate::event::Event;

/// See the module.
#[derive(Debug)]
pub enum Sink {
    /// Lines on standard output.
    Stdout,
    /// A trail in a directory.
    Trail(Box<Keeper>),
}

impl Sink {
    /// Writes events out; once it has returned they may be deleted from the outbox. `now_ms` is our clock, ms since 1970.
    ///
    /// # Errors
    /// None of them may be deleted; they come again.
    pub fn write(&mut self, events: &[Event], now_ms: u64) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut lines = Vec::new();
                for event in events {
                    serde_json::to_writer(&mut lines, event)?;
                    lines.push(b'\n');
                }
                let mut out = io::stdout().lock();
                out.write_all(&lines)?;
                out.flush()
            }
            Self::Trail(keeper) => keeper.write(events, now_ms),
        }
    }

    /// What was written has been deleted from the outbox: all of these buckets', and not these events, which may come again.
    pub fn settled(&mut self, buckets: &BTreeSet<u8>, left: &[&Event]) {
        if let Self::Trail(keeper) = self {
            keeper.settled(buckets, left);
        }
    }

    /// What is due with time.
    pub fn tick(&mut self, now_ms: u64) {
        if let Self::Trail(keeper) = self {
            keeper.tick(now_ms);
        }
    }

    /// Nothing more will be written.
    pub fn close(&mut self, now_ms: u64) {
        if let Self::Trail(keeper) = self {
            keeper.close(now_ms);
        }
    }
}
