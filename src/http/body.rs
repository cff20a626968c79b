//! A call's body, read whole within its bounds.

use std::{pin::Pin, time::Duration};

use http_body_util::BodyExt;
use hyper::{
    body::{Body, Bytes},
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap},
};
use tokio::time::timeout;

use super::Problem;

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

/// Reads a body that must be JSON; nothing for a request without one, which needs no `Content-Type` either.
///
/// Where it fails the rest of the body is not read: the server then closes an HTTP/1 connection behind the answer, so
/// that nobody takes the rest for a request.
///
/// # Errors
/// 413 `too_large`, before reading where the length is announced; 415 `unsupported_media_type`; 400 `malformed` if it
/// ends early or does not arrive in time; what the body itself fails with.
pub async fn read_json<B>(headers: &HeaderMap, body: B, limits: BodyLimits) -> Result<Bytes, Problem>
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
    let acceptable = is_json(headers);
    if !acceptable && body.size_hint().lower() > 0 {
        return Err(Problem::unsupported_media_type());
    }
    let whole = timeout(limits.deadline, collect(body, limits.max_bytes))
        .await
        .map_err(|_| Problem::malformed("The body did not arrive in time."))??;
    if acceptable || whole.is_empty() { Ok(whole) } else { Err(Problem::unsupported_media_type()) }
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

/// Whether the body is declared to be JSON in UTF-8 as it stands. Other parameters than `charset` mean nothing to JSON
/// (RFC 8259 §11) and do not matter.
fn is_json(headers: &HeaderMap) -> bool {
    let mut sent = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else { return false };
    let Ok(value) = value.to_str() else { return false };
    let mut parts = value.split(';').map(str::trim);
    let charset = |part: &str| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    };
    parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
        && parts.filter_map(charset).all(|charset| charset == "utf-8")
        && headers.get_all(CONTENT_ENCODING).iter().all(|how| how.as_bytes().eq_ignore_ascii_case(b"identity"))
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        convert::Infallible,
        task::{Context, Poll},
    };

    use hyper::{
        body::Frame,
        header::{HeaderName, HeaderValue},
    };

    use super::*;
    use crate::http::code::Code;

    /// Pieces of unannounced length; `None` = the rest never comes.
    struct Streamed(VecDeque<Option<&'static str>>);

    impl Body for Streamed {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.0.front() == Some(&None) {
                return Poll::Pending;
            }
            Poll::Ready(self.0.pop_front().flatten().map(|piece| Ok(Frame::data(piece.into()))))
        }
    }

    fn streamed<const N: usize>(pieces: [&'static str; N]) -> Streamed {
        Streamed(pieces.into_iter().map(Some).collect())
    }

    fn typed(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_str(value).unwrap())])
    }

    async fn read<B: Body<Data = Bytes, Error = Infallible> + Unpin>(
        headers: &HeaderMap,
        body: B,
    ) -> Result<Bytes, Code> {
        let limits = BodyLimits { max_bytes: 8, deadline: Duration::from_millis(50) };
        read_json(headers, body, limits).await.map_err(|problem| problem.code())
    }

    #[tokio::test]
    async fn a_body_comes_whole_in_however_many_pieces() {
        let json = typed("application/json");
        assert_eq!(read(&json, streamed(["{}"])).await.unwrap(), "{}");
        assert_eq!(read(&json, streamed(["{\"a\"", ":", "12}"])).await.unwrap(), "{\"a\":12}");
        assert_eq!(read(&json, http_body_util::Full::from("12345678")).await.unwrap(), "12345678");
    }

    #[tokio::test]
    async fn only_json_in_utf_8_is_read_but_nothing_needs_no_type() {
        for value in ["application/json", "Application/JSON; charset=utf-8", "application/json;charset=\"UTF-8\"; q=1"]
        {
            assert!(read(&typed(value), streamed(["{}"])).await.is_ok(), "{value}");
        }
        for value in
            ["text/json", "application/json; charset=latin1", "application/jsonx", "", "application/problem+json"]
        {
            assert_eq!(read(&typed(value), streamed(["{}"])).await, Err(Code::UnsupportedMediaType), "{value}");
        }
        assert_eq!(read(&HeaderMap::new(), streamed(["{}"])).await, Err(Code::UnsupportedMediaType));
        assert_eq!(read(&HeaderMap::new(), streamed([])).await.unwrap(), "");
        assert_eq!(read(&HeaderMap::new(), http_body_util::Full::from("")).await.unwrap(), "");
        let mut packed = typed("application/json");
        packed.insert(HeaderName::from_static("content-encoding"), HeaderValue::from_static("gzip"));
        assert_eq!(read(&packed, streamed(["{}"])).await, Err(Code::UnsupportedMediaType));
    }

    #[tokio::test]
    async fn too_much_is_refused_announced_or_not() {
        let json = typed("application/json");
        assert_eq!(read(&json, http_body_util::Full::from("123456789")).await, Err(Code::TooLarge));
        assert_eq!(read(&json, streamed(["12345", "6789"])).await, Err(Code::TooLarge));
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_given_up() {
        let never = Streamed([Some("{"), None].into());
        assert_eq!(read(&typed("application/json"), never).await, Err(Code::Malformed));
    }
}
