//! `POST /v1/verifications/{id}/delivery` and `…/report`

use super::input;
use crate::http::{Fields, Problem};

/// What is read of a delivery's detail, in bytes.
const DETAIL_MAX: usize = 256;

/// Reads whether a code reached its user.
///
/// # Errors
/// 422 `invalid_field`, 400 `malformed`.
pub fn read(body: &[u8]) -> Result<bool, Problem> {
    let mut fields = Fields::parse(body, &["outcome", "detail"])?;
    let delivered = fields.either("outcome", ["delivered", "failed"])?.ok_or_else(|| fields.missing("outcome"))?;
    input::adornment(&mut fields, "detail", DETAIL_MAX)?;
    fields.finish()?;
    Ok(delivered)
}

/// Reads what a user says: whether it was not them, of a code that they did not ask for, or was, of a sign-in for which they
/// were asked for more.
///
/// # Errors
/// As above.
pub fn read_not_me(body: &[u8]) -> Result<bool, Problem> {
    let mut fields = Fields::parse(body, &["reason"])?;
    let not_me = fields.either("reason", ["not_me", "was_me"])?.ok_or_else(|| fields.missing("reason"))?;
    fields.finish().map(|()| not_me)
}
