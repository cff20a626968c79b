//! An app with many connections, as cheap as can be: one thread, one epoll, requests written as bytes. A dear client would
//! take the processor from what it measures.

mod closed;
mod connection;
mod latency;
mod open;

use std::{io, time::Duration};

use rustix::{event::epoll, fd::OwnedFd};

use crate::support::Address;
use connection::{Connection, UnderWay};
pub use latency::{Latency, a_percentile_is_a_time_that_was_measured};

/// Something to ask for, again and again.
pub trait Work {
    /// Appends the next request to `out` and answers what [`Work::judge`] must know of it; `None` once there is nothing
    /// left to ask.
    fn ask(&mut self, out: &mut Vec<u8>) -> Option<usize>;

    /// Whether the answer to request `of` is the one that was meant to be measured.
    ///
    /// # Errors
    /// With what came instead.
    fn judge(&mut self, of: usize, status: u16, body: &[u8]) -> Result<(), String>;
}

/// What came of a stretch of asking.
#[derive(Debug, Default)]
pub struct Told {
    /// Answers as they were meant.
    pub answers: usize,
    /// Others, the first few in words.
    pub wrong: usize,
    pub odd: Vec<String>,
    pub latency: Latency,
    pub seconds: f64,
}

/// Events taken at once: all that a measurement's connections can have.
const EVENTS: usize = 64;
/// How long an answer may take before the run counts as stuck.
const LAST_WITHIN: Duration = Duration::from_secs(10);
/// Odd answers that are kept in words.
const KEPT: usize = 5;

impl Told {
    fn note(&mut self, judged: Result<(), String>, took: Duration) {
        match judged {
            Ok(()) => {
                self.answers += 1;
                self.latency.note(took);
            }
            Err(odd) => {
                self.wrong += 1;
                if self.odd.len() < KEPT {
                    self.odd.push(odd);
                }
            }
        }
    }
}

/// Open connections to one server.
pub struct Client {
    connections: Vec<Connection>,
    poll: OwnedFd,
}

impl Client {
    /// Opens `connections` of them.
    ///
    /// # Errors
    /// If one is refused.
    pub fn connect(address: &Address, connections: usize) -> io::Result<Self> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let open = |n: usize| {
            let connection = Connection::open(address)?;
            epoll::add(&poll, connection.stream(), epoll::EventData::new_u64(n as u64), epoll::EventFlags::IN)?;
            Ok(connection)
        };
        let connections = (0..connections).map(open).collect::<io::Result<_>>()?;
        Ok(Self { connections, poll })
    }
}
