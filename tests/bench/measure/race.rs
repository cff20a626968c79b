//! What many answer who ask at the same moment.

use std::time::Duration;

use super::{
    Measurement,
    scenario::{all_meant, issue},
};
use crate::{
    client::{Client, Work},
    rig::{Rig, Server, Transport},
    sample::Sample,
    work::{
        Issued, Ready,
        request::{holds, ip, post},
    },
};

/// Wrong codes that were compared, of as many as were typed at once; the limit is 5.
pub const EVALUATED: &str = "evaluated";
/// Times that the right code let somebody in, of as many as typed it at once.
pub const ACCEPTED: &str = "accepted";
/// Calls at once, each on a connection of its own.
pub const GUESSES: usize = 200;
pub const RIGHT_CODES: usize = 50;

/// What they type at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Race {
    /// Wrong codes, all different.
    Guesses,
    /// The right one.
    RightCode,
}

/// One user's code as `race` has it typed, and how often the server did what it must do but so often.
struct Racing<'a> {
    issued: &'a Issued,
    race: Race,
    asked: usize,
    done: usize,
}

impl Work for Racing<'_> {
    fn ask(&mut self, out: &mut Vec<u8>) -> Option<usize> {
        let Issued { id, code, user } = self.issued;
        self.asked += 1;
        let code = match self.race {
            Race::RightCode => code.clone(),
            Race::Guesses => format!("{:06}", (code.parse::<usize>().ok()? + self.asked) % 1_000_000),
        };
        let body = format!(r#"{{"id":"{id}","code":"{code}","ip":"{}"}}"#, ip(*user));
        post(out, "/v1/verifications/check", body.as_bytes());
        Some(self.asked)
    }

    fn judge(&mut self, _: usize, status: u16, body: &[u8]) -> Result<(), String> {
        let meant = match self.race {
            Race::RightCode => r#""valid":true"#,
            Race::Guesses => r#""reason":"wrong_code""#,
        };
        self.done += usize::from(status == 200 && holds(body, meant));
        // Whatever else is answered is an answer to a race.
        Ok(())
    }
}

/// How often `server` did it, for one user.
///
/// # Panics
/// If the sidecar did not do it exactly as often as is allowed.
pub fn race(name: impl Into<String>, server: Server, race: Race) -> Measurement {
    let (figure, calls, allowed) = match race {
        Race::Guesses => (EVALUATED, GUESSES, 5),
        Race::RightCode => (ACCEPTED, RIGHT_CODES, 1),
    };
    Measurement::new(name, move |budget| {
        let calls = calls.min(budget.at_once);
        let rig = Rig::start(server, Transport::Unix, true);
        let mut client = Client::connect(&rig.address, 1).expect("a connection");
        let issued = issue(&mut client, 1);
        drop(client);
        let mut crowd = Client::connect(&rig.address, calls).expect("connections");
        // Else the first are answered while the last are still being accepted.
        all_meant(crowd.closed(&mut Ready, Duration::ZERO));
        let mut racing = Racing { issued: &issued[0], race, asked: 0, done: 0 };
        all_meant(crowd.closed(&mut racing, Duration::ZERO));
        let sidecar = matches!(server, Server::Sidecar(_));
        assert!(!sidecar || racing.done == allowed, "{} of {calls} instead of {allowed}", racing.done);
        Sample::of(figure, racing.done as f64)
    })
}
