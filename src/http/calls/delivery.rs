//! `POST /v1/verifications/{id}/delivery` and `…/report`

use super::input;
use crate::http::{Fields, Problem, json::Value};

/// What is read of a delivery's detail, in bytes.
const DETAIL_MAX: usize = 256;

/// Reads whether a code reached its user.
///
/// # Errors
/// 422 `invalid_field`, 400 `malformed`.
pub fn read(body: &[u8]) -> Result<bool, Problem> {
    let mut fields = Fields::parse(body, &["outcome", "detail"])?;
    let delivered = match fields.take("outcome") {
        None => return Err(fields.missing("outcome")),
        Some(Value::Text(text)) if text == "delivered" => true,
        Some(Value::Text(text)) if text == "failed" => false,
        _ => return Err(Problem::invalid_field("outcome", "This field must be \"delivered\" or \"failed\".")),
    };
    input::adornment(&mut fields, "detail", DETAIL_MAX)?;
    fields.finish()?;
    Ok(delivered)
}

/// Reads what a user says: whether it was them, of a sign-in for which they were asked for more, or not, of a code that they did
/// not ask for.
///
/// # Errors
/// As above.
pub fn read_report(body: &[u8]) -> Result<bool, Problem> {
    let mut fields = Fields::parse(body, &["reason"])?;
    let was_me = match fields.take("reason") {
        None => return Err(fields.missing("reason")),
        Some(Value::Text(text)) if text == "not_me" => false,
        Some(Value::Text(text)) if text == "was_me" => true,
        _ => return Err(Problem::invalid_field("reason", "This field must be \"not_me\" or \"was_me\".")),
    };
    fields.finish().map(|()| was_me)
}
