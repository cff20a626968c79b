//! `healthcheck`: whether calls can be decided, for whoever watches the process.

use std::time::Duration;

use hyper::Method;

use super::{Console, Failure, client::Client, text::inert, text_of};
use crate::cli::Exit;

/// A probe that takes longer is a probe that failed.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// Asks `/readyz`: done if it says ready, [`Exit::Refused`] if not, [`Exit::Unreachable`] if there is no answer.
pub(super) fn run(client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
    let answer = client.call(Method::GET, "/readyz", None, ANSWERED_WITHIN)?;
    match (answer.status, text_of(&answer.body, "status"), text_of(&answer.body, "reason")) {
        (200, "ready", _) => Ok(writeln!(console.out, "ready")?),
        (_, "not_ready", reason) => Err(Failure::said(Exit::Refused, format!("not ready: {}", inert(reason)))),
        (status, ..) => Err(Failure::said(Exit::Refused, format!("not ready: the answer was HTTP {status}"))),
    }
}
