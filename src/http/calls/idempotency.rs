//! `Idempotency-Key`: 1 to 64 visible ASCII characters.

use hyper::header::{HeaderMap, HeaderName};

use crate::http::Problem;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST: usize = 64;

/// The key of a request, if it has one.
///
/// # Errors
/// 422 `invalid_field` if it is not one, or there are several.
pub fn read(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return if headers.contains_key(IDEMPOTENCY_KEY) { Err(wrong()) } else { Ok(None) };
    };
    let key = value.to_str().map_err(|_| wrong())?;
    let visible = (1..=LONGEST).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if visible { Ok(Some(key)) } else { Err(wrong()) }
}

fn wrong() -> Problem {
    Problem::invalid_field("Idempotency-Key", "This header must be 1 to 64 visible ASCII characters, and there once.")
}
