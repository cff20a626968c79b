//! Codes that are kept to be typed.

use serde::Deserialize;

use super::{Call, Calls, request::odd};
use crate::client::Work;

/// A code that was issued.
#[derive(Clone)]
pub struct Issued {
    pub id: String,
    pub code: String,
    /// Whose.
    pub user: usize,
}

#[derive(Deserialize)]
struct Answer<'a> {
    id: &'a str,
    code: &'a str,
}

/// See the module.
pub struct Send {
    calls: Calls,
    left: usize,
    kept: Vec<Issued>,
}

impl Send {
    /// One for each of so many users.
    pub fn kept(users: usize) -> Self {
        Self { calls: Calls::fresh(Call::SEND), left: users, kept: Vec::with_capacity(users) }
    }

    /// What was kept.
    pub fn issued(self) -> Vec<Issued> {
        self.kept
    }
}

impl Work for Send {
    fn ask(&mut self, out: &mut Vec<u8>) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        self.calls.ask(out)
    }

    fn judge(&mut self, user: usize, status: u16, body: &[u8]) -> Result<(), String> {
        self.calls.judge(user, status, body)?;
        let answer: Answer = serde_json::from_slice(body).map_err(|_| odd(status, body))?;
        self.kept.push(Issued { id: answer.id.into(), code: answer.code.into(), user });
        Ok(())
    }
}
