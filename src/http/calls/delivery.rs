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

/// Reads that a user did not ask for a code.
///
/// # Errors
/// As above.
pub fn read_report(body: &[u8]) -> Result<(), Problem> {
    let mut fields = Fields::parse(body, &["reason"])?;
    match fields.take("reason") {
        None => return Err(fields.missing("reason")),
        Some(Value::Text(text)) if text == "not_me" => {}
        _ => return Err(Problem::invalid_field("reason", "This field must be \"not_me\".")),
    }
    fields.finish()
}
