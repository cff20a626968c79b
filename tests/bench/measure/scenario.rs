//! What a load meets: which server, reached how, over which Redis, asked what by how many.

use std::{thread, time::Duration};

use crate::{
    client::{Client, Told, Work},
    plan::ARGON2ID,
    rig::{Rig, Server, Stores, Transport},
    wishes::Budget,
    work::{Call, Calls, Check, Send, Typed},
};

/// Connections unless said otherwise: enough that a server always finds work.
pub const CONNECTIONS: usize = 64;
/// Connections for each core where each call is hashed: they keep all cores hashing, and none waits longer than the
/// sidecar's queue allows.
const HASHING_CONNECTIONS: usize = 2;
/// Hashes a second that no core reaches at the default cost.
const HASHES: f64 = 150.0;
/// Calls about one user where many are meant: half as many as refusals in a row before memory gives them again.
const NOW_AND_THEN: usize = 4;
/// Users where few are meant.
const FEW: usize = 500;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// This, for user after user.
    Fresh(Call),
    /// This, about users who have a code, or are locked.
    About(Call, Users),
    /// Codes typed by users who have one.
    Check(Typed),
}

/// Whom calls are about that do not change how users stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Users {
    /// So many that each is asked about now and then: a refusal is decided each time.
    Many,
    /// So few that each is asked about all the time: a refusal is soon given again from memory.
    Few,
    /// Many who are locked.
    ManyLocked,
    /// Few who are locked.
    FewLocked,
}

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    pub server: Server,
    pub transport: Transport,
    pub asked: Asked,
    pub connections: usize,
    /// More calls a second than it can answer, where something bounds them to far less than others.
    pub bound: f64,
    /// Whether Redis writes an append-only file.
    pub aof: bool,
    /// What it is part of.
    pub stores: Stores,
}

/// A scenario that is ready to be asked.
pub struct Ready {
    pub rig: Rig,
    pub client: Client,
    pub work: Box<dyn Work>,
}

impl Scenario {
    /// Over a unix socket, with an append-only file.
    pub fn new(server: Server, asked: Asked) -> Self {
        let (transport, connections, stores) = (Transport::Unix, CONNECTIONS, Stores::One);
        Self { server, transport, asked, connections, bound: f64::INFINITY, aof: true, stores }
    }

    /// The same of a server that hashes for each call: with fewer connections.
    #[must_use]
    pub fn few(self) -> Self {
        Self { connections: HASHING_CONNECTIONS * cores(), ..self }
    }

    /// The same of one that hashes; the default cost bounds its rate.
    #[must_use]
    pub fn hashing(self) -> Self {
        let bound = if self.server == ARGON2ID { HASHES * cores() as f64 } else { f64::INFINITY };
        Self { bound, ..self.few() }
    }

    /// Starts it, prepares whatever must be there, and warms it up at full speed.
    pub fn ready(&self, budget: Budget) -> Ready {
        self.warmed(self.rig(), budget)
    }

    /// [`Scenario::ready`], where all that is said to Redis is recorded.
    pub fn recorded(&self, budget: Budget) -> Ready {
        self.warmed(Rig::start_recorded(self.server, self.transport), budget)
    }

    /// [`Scenario::ready`], warmed up at `rate` calls a second: what full speed leaves to be done afterwards would show.
    pub fn ready_at(&self, rate: f64, budget: Budget) -> Ready {
        let mut ready = self.prepared(self.rig(), rate, budget);
        all_meant(ready.client.open(&mut *ready.work, rate, budget.warm_up));
        ready
    }

    fn rig(&self) -> Rig {
        Rig::start_on(self.server, self.transport, self.aof, self.stores)
    }

    fn warmed(&self, rig: Rig, budget: Budget) -> Ready {
        let mut ready = self.prepared(rig, f64::INFINITY, budget);
        all_meant(ready.client.closed(&mut *ready.work, budget.warm_up));
        ready
    }

    fn prepared(&self, rig: Rig, per_second: f64, budget: Budget) -> Ready {
        let mut client = Client::connect(&rig.address, self.connections.min(budget.at_once)).expect("connections");
        let fastest = budget.fastest.min(self.bound).min(per_second);
        let work = self.work(&mut client, (fastest * (budget.warm_up + budget.lasts).as_secs_f64()) as usize);
        Ready { rig, client, work }
    }

    fn work(&self, client: &mut Client, calls: usize) -> Box<dyn Work> {
        match self.asked {
            Asked::Fresh(call) => Box::new(Calls::fresh(call)),
            Asked::About(call, users) => {
                let count = match users {
                    Users::Many | Users::ManyLocked => calls / NOW_AND_THEN + 1,
                    Users::Few | Users::FewLocked => FEW,
                };
                let issued = issue(client, count);
                if matches!(users, Users::ManyLocked | Users::FewLocked) {
                    all_meant(client.closed(&mut Check::until_locked(issued), Duration::MAX));
                }
                Box::new(Calls::about(call, count))
            }
            Asked::Check(typed) => Box::new(Check::new(issue(client, calls / Check::of_one(typed) + 1), typed)),
        }
    }
}

/// Cores that may be used.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Codes for so many users.
pub fn issue(client: &mut Client, users: usize) -> Vec<crate::work::Issued> {
    let mut send = Send::kept(users);
    all_meant(client.closed(&mut send, Duration::MAX));
    send.issued()
}

/// What was told, if all of it is as it was meant.
///
/// # Panics
/// If a connection broke or an answer was another: then something else was measured.
pub fn all_meant(told: std::io::Result<Told>) -> Told {
    meant(told).unwrap_or_else(|why| panic!("{why}"))
}

/// What was told, if all of it is as it was meant.
///
/// # Errors
/// With what came instead.
pub fn meant(told: std::io::Result<Told>) -> Result<Told, String> {
    let told = told.map_err(|error| format!("a connection broke: {error}"))?;
    match told {
        Told { wrong: 0, answers: 0, .. } => Err("no answers".into()),
        Told { wrong: 0, .. } => Ok(told),
        Told { wrong, odd, .. } => Err(format!("{wrong} answers not as meant, such as {odd:?}")),
    }
}
