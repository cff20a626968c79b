//! A call's body, read whole within its bounds.

use std::{pin::Pin, time::Duration};

use http_body_util::BodyExt;
use hyper::{
    body::{Body, Bytes},
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap},
};
use tokio::time::timeout;

use super::{Problem, code::Code};

/// What most bodies must be.
pub const JSON: &str = "application/json";

/// What a body may cost us.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Longest body in bytes (`OTP_MAX_BODY_BYTES`).
    pub max_bytes: usize,
    /// Longest time from the head of the request to the end of its body. A body of 16 KiB takes one packet's time; 7 s
    /// leaves room for two retransmissions, and for the answer to be read before 10 s are over.
    pub deadline: Duration,
}

impl BodyLimits {
    /// Bodies of at most `max_bytes` bytes, within 7 s.
    pub const fn new(max_bytes: usize) -> Self {
        Self { max_bytes, deadline: Duration::from_secs(7) }
    }
}

/// Reads a body that must be of this kind; nothing for a request without one, which needs no `Content-Type` either.
///
/// Where it fails the rest of the body is not read: the server then closes an HTTP/1 connection behind the answer, so
/// that nobody takes the rest for a request.
///
/// # Errors
/// 413 `too_large`, before reading where the length is announced; 415 `unsupported_media_type`; 400 `malformed` if it
/// ends early or does not arrive in time; what the body itself fails with.
pub async fn read_body<B>(headers: &HeaderMap, body: B, limits: BodyLimits, kind: &str) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes> + Unpin,
    Problem: From<B::Error>,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > limits.max_bytes as u64 {
        return Err(Problem::too_large(limits.max_bytes));
    }
    let acceptable = is_of(headers, kind);
    if !acceptable && body.size_hint().lower() > 0 {
        return Err(Code::UnsupportedMediaType.into());
    }
    let whole = timeout(limits.deadline, collect(body, limits.max_bytes))
        .await
        .map_err(|_| Problem::malformed("The body did not arrive in time."))??;
    if acceptable || whole.is_empty() { Ok(whole) } else { Err(Code::UnsupportedMediaType.into()) }
}

async fn collect<B>(mut body: B, max: usize) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes> + Unpin,
    Problem: From<B::Error>,
{
    let mut joined = Vec::new();
    let mut body = Pin::new(&mut body);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if joined.len() + data.len() > max {
            return Err(Problem::too_large(max));
        }
        // Most bodies come in one piece.
        if joined.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        // Copied, since a piece keeps all of the buffer that the connection read it into, however little of it it is.
        joined.extend_from_slice(&data);
    }
    Ok(joined.into())
}

/// Whether the body is declared to be of this kind in UTF-8 as it stands. Other parameters than `charset` mean nothing to JSON
/// (RFC 8259 §11), nor to a form, and do not matter.
fn is_of(headers: &HeaderMap, wanted: &str) -> bool {
    let mut sent = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else { return false };
    let Ok(value) = value.to_str() else { return false };
    let mut parts = value.split(';').map(str::trim);
    let charset = |part: &str| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    };
    parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(wanted))
        && parts.filter_map(charset).all(|charset| charset == "utf-8")
        && headers.get_all(CONTENT_ENCODING).iter().all(|how| how.as_bytes().eq_ignore_ascii_case(b"identity"))
}
