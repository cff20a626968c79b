//! Where events go.

use std::io::{self, Write};

use super::trail::{
    Trail,
    keeper::Keeper,
    ranges::Position,
    record::{Exported, Place},
    retention::Clocks,
};
use crate::event::{Bucket, Event};

/// See the module.
#[derive(Debug)]
pub enum Sink {
    /// Lines on standard output, by a sidecar at this place.
    Stdout(Place),
    /// A trail in a directory.
    Trail(Box<Keeper>),
    /// The same, and then its lines on standard output.
    Both(Box<Keeper>),
}

impl Sink {
    /// Writes events out; once it has returned they may be deleted from the outbox. `now_ms` is our clock, ms since 1970.
    ///
    /// # Errors
    /// None of them may be deleted; they come again.
    pub fn write(&mut self, events: &[Event], now_ms: u64) -> io::Result<()> {
        match self {
            Self::Stdout(_) => {
                let mut lines = Vec::new();
                for event in events {
                    serde_json::to_writer(&mut lines, event)?;
                    lines.push(b'\n');
                }
                print(&lines)
            }
            Self::Trail(keeper) => keeper.write(events, now_ms),
            Self::Both(keeper) => {
                keeper.write(events, now_ms)?;
                print(&keeper.take_echo())
            }
        }
    }

    /// Learns up to where events of a bucket went before they came to us.
    pub fn take_over(&mut self, bucket: Bucket, before: Exported) {
        if let Self::Trail(keeper) | Self::Both(keeper) = self {
            keeper.take_over(bucket, before);
        }
    }

    /// What the store is to remember once events of a bucket up to `position` are deleted.
    pub fn exported(&self, position: Position) -> Exported {
        match self {
            Self::Stdout(place) => Exported { trail: None, position: Some(position), place: place.clone() },
            Self::Trail(keeper) | Self::Both(keeper) => keeper.exported(position),
        }
    }

    /// What is due with time.
    pub fn tick(&mut self, clocks: Clocks) {
        match self {
            Self::Stdout(_) => {}
            Self::Trail(keeper) => keeper.tick(clocks),
            Self::Both(keeper) => {
                keeper.tick(clocks);
                print_rest(keeper);
            }
        }
    }

    /// The trail that is being written, if there is one.
    pub fn trail(&self) -> Option<&Trail> {
        match self {
            Self::Stdout(_) => None,
            Self::Trail(keeper) | Self::Both(keeper) => keeper.trail(),
        }
    }

    /// Nothing more will be written.
    pub fn close(&mut self, now_ms: u64) {
        match self {
            Self::Stdout(_) => {}
            Self::Trail(keeper) => keeper.close(now_ms),
            Self::Both(keeper) => {
                keeper.close(now_ms);
                print_rest(keeper);
            }
        }
    }
}

/// Prints lines that are not of events: whoever missed a mark has the next one.
fn print_rest(keeper: &mut Keeper) {
    if let Err(error) = print(&keeper.take_echo()) {
        tracing::warn!(%error, "a mark of the audit trail cannot be printed");
    }
}

fn print(lines: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(lines)?;
    out.flush()
}
