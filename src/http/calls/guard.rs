//! `POST /v1/guard/request`, `…/failure` and `…/success`, and `/v1/status`, which names its subject like them.

use super::input;
use crate::{
    http::{Fields, Problem},
    service::{client::Client, guard::GuardCall},
};

/// Reads a call about a subject and a purpose, with the end user's address where it may be named.
///
/// # Errors
/// 422 `invalid_field`, 400 `malformed`.
pub fn read(body: &[u8], with_ip: bool) -> Result<GuardCall, Problem> {
    let known: &[&str] = if with_ip { &["subject", "purpose", "ip"] } else { &["subject", "purpose"] };
    let mut fields = Fields::parse(body, known)?;
    let subject = input::subject(&mut fields)?;
    let purpose = input::purpose(&mut fields)?;
    let ip = if with_ip { input::optional_ip(&mut fields)? } else { None };
    fields.finish()?;
    Ok(GuardCall { subject, purpose, client: Client { ip, ..Client::default() } })
}
