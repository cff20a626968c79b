//! HTTP/1 framing: where requests end is the same however they are cut, and the same as another reader says.

use otp_sidecar::http::fuzzing::{Followed, follow};

use super::{Try, choice::Choice};

pub const WORDS: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    "HTTP/1.1",
    "HTTP/1.0",
    "POST / HTTP/1.1\r\nHost: a\r\n",
    "Content-Length: ",
    "Transfer-Encoding: chunked\r\n",
    "0\r\n\r\n",
    "5\r\nhello\r\n",
    ";a=b",
    "0\r\nX: y\r\n\r\n",
    "\t",
    "\0",
    "Host: a\r\n",
    ": ",
    ",",
    "+1",
];

pub fn start() -> Try {
    Box::new(|data| {
        // The first byte says how the rest is cut; it is not sent.
        let mut choice = Choice(data);
        let size = 1 + choice.below(40);
        let bytes = choice.0;
        let whole = follow([bytes]);
        let cut = follow(bytes.chunks(size));
        assert_eq!((&whole.ends, whole.refused), (&cut.ends, cut.refused));
        assert!(whole.lost == cut.lost && (whole.lost || whole.passed == cut.passed), "{whole:?} {cut:?}");
        assert!(whole.passed <= bytes.len() && whole.refused.is_none_or(|_| whole.lost), "{whole:?}");
        others_agree(bytes, &whole);
    })
}

/// httparse is what hyper reads with, and it is lenient: all the same it must see each request end where we do.
fn others_agree(bytes: &[u8], followed: &Followed) {
    let mut begin = 0;
    for end in &followed.ends {
        let request = &bytes[begin..*end];
        assert_eq!(length(request), Some(request.len()), "{}", request.escape_ascii());
        begin = *end;
    }
}

/// How long the request is that `bytes` begin with, read leniently: the last length counts, chunked wins.
fn length(bytes: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(head)) = request.parse(bytes) else { return None };
    let named = |name: &'static str| {
        request.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    };
    if named("transfer-encoding").any(|value| value.to_ascii_lowercase().ends_with(b"chunked")) {
        return Some(head + chunked(&bytes[head..])?);
    }
    let Some(value) = named("content-length").next_back() else { return Some(head) };
    let value: usize = std::str::from_utf8(value).ok()?.trim().parse().ok()?;
    head.checked_add(value)
}

fn chunked(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let Ok(httparse::Status::Complete((line, size))) = httparse::parse_chunk_size(&body[at..]) else {
            return None;
        };
        at += line;
        if size == 0 {
            let mut trailers = [httparse::EMPTY_HEADER; 2048];
            let read = httparse::parse_headers(body.get(at..)?, &mut trailers);
            let Ok(httparse::Status::Complete((trailers, _))) = read else { return None };
            return Some(at + trailers);
        }
        at += usize::try_from(size).ok()? + 2;
    }
}
