//! A call as it goes over the wire, and what it means to the model.

/// 0 and 1: the two tenants of the test's keys.
pub type Tenant = usize;

/// A call.
#[derive(Debug, Clone)]
pub struct Call {
    pub tenant: Tenant,
    pub get: bool,
    pub path: String,
    pub body: String,
    /// The `Idempotency-Key`.
    pub key: Option<String>,
    pub meaning: Meaning,
}

/// A subject in one spelling, and a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    pub subject: usize,
    pub spelling: usize,
    pub purpose: usize,
}

/// What a check is about. Codes are named by their place among all that were issued.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    Code(usize),
    Door(Door),
    /// Nothing of this tenant: the purpose only says how long a code would be.
    Nothing {
        purpose: usize,
    },
}

/// See the module. `net` is the client's network.
#[derive(Debug, Clone)]
pub enum Meaning {
    Send {
        door: Door,
        net: Option<usize>,
        decoy: bool,
    },
    /// `typed` is what was typed without all that is no part of a code, if it could be some code.
    Check {
        target: Target,
        typed: Option<String>,
        net: Option<usize>,
    },
    /// Of a code, or of an id that this tenant never had.
    Get(Option<usize>),
    Cancel(Option<usize>),
    Deliver(Option<usize>),
    Report(Option<usize>),
    Status(Door),
    GuardRequest {
        door: Door,
        net: Option<usize>,
    },
    GuardFailure {
        door: Door,
        net: Option<usize>,
    },
    GuardSuccess(Door),
    /// Of an operator, about a subject.
    Unlock(Door),
    /// Of an operator, about a network.
    Unblock(usize),
    /// Of an operator, for so many minutes.
    Lock(Door, u64),
}
