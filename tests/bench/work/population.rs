//! So many users who all have a code: more codes for them, or wrong ones typed.

use serde::Deserialize;

use super::{
    Call,
    request::{holds, ip, odd, post, subject},
    turn,
};
use crate::client::Work;

#[derive(Deserialize)]
struct Answer<'a> {
    code: &'a str,
}

/// What is asked about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A code, in place of the one they have.
    Send,
    /// A wrong code.
    CheckWrong,
}

/// See the module.
pub struct Population {
    codes: Vec<u32>,
    with_ip: bool,
    /// How often each call was asked.
    asked: [usize; 2],
    about: About,
    left: usize,
}

impl Population {
    /// So many, who are yet to have their first code: [`About::Send`] for each of them gives it. `with_ip`, each names an
    /// address of their own.
    pub fn of(users: usize, with_ip: bool) -> Self {
        Self { codes: vec![0; users], with_ip, asked: [0; 2], about: About::Send, left: users }
    }

    /// Asks this from now on, so often at most.
    pub fn now(&mut self, about: About, calls: usize) -> &mut Self {
        (self.about, self.left) = (about, calls);
        self
    }
}

impl Work for Population {
    fn ask(&mut self, out: &mut Vec<u8>) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let asked = &mut self.asked[usize::from(self.about == About::Send)];
        let user = turn(*asked, self.codes.len());
        let round = *asked / self.codes.len();
        *asked += 1;
        let whom = match self.with_ip {
            true => format!(r#""subject":"{}","ip":"{}""#, subject(user), ip(user)),
            false => format!(r#""subject":"{}""#, subject(user)),
        };
        match self.about {
            About::Send => post(out, "/v1/verifications", format!("{{{whom}}}").as_bytes()),
            About::CheckWrong => {
                let wrong = (self.codes[user] as usize + 1 + round) % 1_000_000;
                let body = format!(r#"{{{whom},"code":"{wrong:06}"}}"#);
                post(out, "/v1/verifications/check", body.as_bytes());
            }
        }
        Some(user)
    }

    fn judge(&mut self, user: usize, status: u16, body: &[u8]) -> Result<(), String> {
        match self.about {
            About::Send if status == Call::SEND.status => {
                let code = serde_json::from_slice::<Answer>(body).ok().and_then(|answer| answer.code.parse().ok());
                self.codes[user] = code.ok_or_else(|| odd(status, body))?;
                Ok(())
            }
            About::CheckWrong if status == 200 && holds(body, r#""reason":"wrong_code""#) => Ok(()),
            _ => Err(odd(status, body)),
        }
    }
}
