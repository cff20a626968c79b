//! Codes that were typed.

use super::{
    Issued,
    request::{holds, ip, odd, post},
    turn,
};
use crate::client::Work;

/// Wrong codes that lock (`hardened`); one less locks nobody.
const LOCKING: usize = 5;

/// What the users type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// Once, so that each is a code that works.
    Right,
    /// As often as locks nobody, going round all users, so that no two of a user's are under way at once.
    Wrong,
}

/// See the module.
pub struct Check {
    issued: Vec<Issued>,
    typed: Typed,
    rounds: usize,
    with_ip: bool,
    next: usize,
}

impl Check {
    /// Checks of these codes.
    pub fn new(issued: Vec<Issued>, typed: Typed) -> Self {
        Self { issued, typed, rounds: Self::of_one(typed), with_ip: true, next: 0 }
    }

    /// Wrong ones until all these users are locked.
    pub fn until_locked(issued: Vec<Issued>) -> Self {
        Self { rounds: LOCKING, ..Self::new(issued, Typed::Wrong) }
    }

    /// How many checks one code allows.
    pub fn of_one(typed: Typed) -> usize {
        match typed {
            Typed::Right => 1,
            Typed::Wrong => LOCKING - 1,
        }
    }
}

impl Work for Check {
    fn ask(&mut self, out: &mut Vec<u8>) -> Option<usize> {
        let (n, users) = (self.next, self.issued.len());
        self.next += 1;
        let round = (n < users * self.rounds).then(|| n / users)?;
        let Issued { id, code, user } = &self.issued[turn(n, users)];
        let code = match self.typed {
            Typed::Right => code.clone(),
            // Another wrong one each time round.
            Typed::Wrong => format!("{:06}", (code.parse::<usize>().ok()? + 1 + round) % 1_000_000),
        };
        let ip = if self.with_ip { format!(r#","ip":"{}""#, ip(*user)) } else { String::new() };
        post(out, "/v1/verifications/check", format!(r#"{{"id":"{id}","code":"{code}"{ip}}}"#).as_bytes());
        Some(n)
    }

    fn judge(&mut self, _: usize, status: u16, body: &[u8]) -> Result<(), String> {
        let meant = match self.typed {
            Typed::Right => r#""valid":true"#,
            Typed::Wrong => r#""reason":"wrong_code""#,
        };
        if status == 200 && holds(body, meant) { Ok(()) } else { Err(odd(status, body)) }
    }
}
