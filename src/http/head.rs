//! An HTTP/1 request's head, checked strictly: where a request ends must mean the same to everyone on its way.
//!
//! hyper accepts bare line feeds, prefers `Transfer-Encoding` where `Content-Length` stands beside it and takes equal
//! lengths twice, as the RFCs allow. A proxy in front of us may read each of these differently and take our second
//! request for a part of its first (request smuggling). So they never reach hyper.

use hyper::Uri;

use super::chunked::Chunked;

/// Why a head is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 400.
    Malformed,
    /// 431.
    TooLarge,
}

/// What follows a head.
#[derive(Debug, PartialEq)]
pub(super) enum Follows {
    /// So many bytes.
    Sized(u64),
    /// Chunks.
    Chunked(Chunked),
}

/// A head as far as it has been read.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Bytes of complete lines.
    read: usize,
    /// Bytes that hold no further line feed.
    searched: usize,
    skipped: bool,
    version: Option<Version>,
    lines: usize,
    hosts: usize,
    length: Option<u64>,
    chunked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Version {
    Http10,
    Http11,
}

impl Head {
    /// Reads on, given all bytes since the head's first. `Some` when it is complete: its length, and what follows it.
    ///
    /// # Errors
    /// [`Refusal`]; the connection is then of no further use, since nobody knows where the next request begins.
    pub(super) fn read(
        &mut self,
        bytes: &[u8],
        max_bytes: usize,
        max_lines: usize,
    ) -> Result<Option<(usize, Follows)>, Refusal> {
        loop {
            let from = self.read.max(self.searched);
            let Some(place) = bytes.get(from..).and_then(|rest| rest.iter().position(|b| *b == b'\n')) else {
                self.searched = bytes.len();
                return if bytes.len() > max_bytes { Err(Refusal::TooLarge) } else { Ok(None) };
            };
            let line = bytes.get(self.read..from + place).unwrap_or_default();
            self.read = from + place + 1;
            if self.read > max_bytes {
                return Err(Refusal::TooLarge);
            }
            let line = line.strip_suffix(b"\r").ok_or(Refusal::Malformed)?;
            match (self.version, line) {
                // One empty line before a request is ignored (RFC 9112 §2.2).
                (None, []) if !self.skipped => self.skipped = true,
                (None, _) => self.version = Some(request_line(line).ok_or(Refusal::Malformed)?),
                (Some(_), []) => return self.complete().map(Some),
                (Some(version), _) => {
                    self.lines += 1;
                    if self.lines > max_lines {
                        return Err(Refusal::TooLarge);
                    }
                    self.field(version, line).ok_or(Refusal::Malformed)?;
                }
            }
        }
    }

    fn field(&mut self, version: Version, line: &[u8]) -> Option<()> {
        let (name, value) = split(line)?;
        if name.eq_ignore_ascii_case(b"content-length") {
            self.length = Some(length(value).filter(|_| self.length.is_none())?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let known = version == Version::Http11 && value.eq_ignore_ascii_case(b"chunked") && !self.chunked;
            self.chunked = known.then_some(true)?;
        } else if name.eq_ignore_ascii_case(b"host") {
            self.hosts += 1;
        }
        Some(())
    }

    fn complete(&self) -> Result<(usize, Follows), Refusal> {
        // Probes leave Host out, on HTTP/1.1 too; where a name matters, the handler misses it.
        match (self.hosts, self.chunked, self.length) {
            (2.., ..) | (_, true, Some(_)) => Err(Refusal::Malformed),
            (_, true, None) => Ok((self.read, Follows::Chunked(Chunked::new()))),
            (_, false, length) => Ok((self.read, Follows::Sized(length.unwrap_or(0)))),
        }
    }
}

/// Whether a line of a head or of trailers is a name and a value.
pub(super) fn is_line(line: &[u8]) -> bool {
    split(line).is_some()
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|b| *b == b':')?;
    let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?);
    // No name begins with white space: a folded line is refused here.
    let sound = is_token(name) && value.iter().all(|b| matches!(b, b'\t' | 0x20..=0x7e | 0x80..));
    sound.then_some((name, value.trim_ascii()))
}

fn request_line(line: &[u8]) -> Option<Version> {
    let mut parts = line.split(|b| *b == b' ');
    let (method, target, version) = (parts.next()?, parts.next()?, parts.next()?);
    let sound = is_token(method) && is_target(target);
    match version {
        _ if !sound || parts.next().is_some() => None,
        b"HTTP/1.1" => Some(Version::Http11),
        b"HTTP/1.0" => Some(Version::Http10),
        _ => None,
    }
}

/// Whether hyper will take it for a URI, which else answers by itself and without a body. What our own paths are made of
/// is known to be one.
fn is_target(target: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~');
    match target {
        [b'/', path @ ..] if path.iter().all(plain) => true,
        _ => target.iter().all(u8::is_ascii_graphic) && Uri::try_from(target).is_ok(),
    }
}

/// Digits only: neither sign nor list. 18 of them fit a `u64` and are more than any body.
fn length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 18 {
        return None;
    }
    value.iter().try_fold(0, |sum: u64, b| b.is_ascii_digit().then(|| sum * 10 + u64::from(b - b'0')))
}

/// RFC 9110 §5.6.2.
fn is_token(text: &[u8]) -> bool {
    let allowed = |b: &u8| {
        matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\''
            | b'*' | b'+' | b'.' | b'^' | b'`' | b'|' | b'~')
    };
    !text.is_empty() && text.iter().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<(usize, Follows)>, Refusal> {
        Head::default().read(text.as_bytes(), 256, 4)
    }

    /// A request with `lines` beside its Host.
    fn with(lines: &str) -> Result<Option<(usize, Follows)>, Refusal> {
        read(&format!("POST /v1 HTTP/1.1\r\nHost: a\r\n{lines}\r\n"))
    }

    #[test]
    fn a_sound_head_tells_what_follows() {
        for version in ["1.0", "1.1"] {
            assert_eq!(read(&format!("GET / HTTP/{version}\r\n\r\nmore")), Ok(Some((18, Follows::Sized(0)))));
        }
        assert!(matches!(with("Content-Length: 12\r\n"), Ok(Some((_, Follows::Sized(12))))));
        assert!(matches!(with("transfer-encoding:Chunked \r\n"), Ok(Some((_, Follows::Chunked(_))))));
        assert!(matches!(with("X:\r\nY: \t\u{fc}\r\n"), Ok(Some((_, Follows::Sized(0))))));
        assert!(matches!(read("\r\nGET / HTTP/1.1\r\nhOST: a\r\n\r\n"), Ok(Some(_))));
    }

    #[test]
    fn what_others_may_read_differently_is_malformed() {
        for lines in [
            "Content-Length: 1\r\nContent-Length: 2\r\n",
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
            "Content-Length: 1, 1\r\n",
            "Content-Length: +1\r\n",
            "Content-Length: 0x1\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Content-Length : 1\r\n",
            " Content-Length: 1\r\n",
            "X: 1\r\n folded\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: \u{b}chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding\r\n",
            "X: a\nY: b\r\n",
            "X: a\rY: b\r\n",
            "X: a\0b\r\n",
            "X\0: a\r\n",
            ": a\r\n",
            "Host: b\r\n",
            "\n",
        ] {
            assert_eq!(with(lines), Err(Refusal::Malformed), "{lines:?}");
        }
        for text in [
            "GET / HTTP/1.1\nHost: a\n\n",
            "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET  / HTTP/1.1\r\n",
            "GET / HTTP/1.1 \r\n",
            "GET /\r\n",
            "GET / HTTP/1.2\r\n",
            "GET / HTTP/2.0\r\n",
            "GET / http/1.1\r\n",
            "GET /\t HTTP/1.1\r\n",
            "GET /\u{fc} HTTP/1.1\r\n",
            "G@T / HTTP/1.1\r\n",
            " GET / HTTP/1.1\r\n",
            "\r\n\r\nGET / HTTP/1.1\r\n",
            "GET http://[/ HTTP/1.1\r\n",
            "GET /<a> HTTP/1.1\r\n",
            "GET no/slash HTTP/1.1\r\n",
        ] {
            assert_eq!(read(text), Err(Refusal::Malformed), "{text:?}");
        }
    }

    #[test]
    fn too_much_is_too_large_complete_or_not() {
        assert_eq!(with("A:1\r\nB:1\r\nC:1\r\nD:1\r\n"), Err(Refusal::TooLarge));
        assert!(matches!(with("A:1\r\nB:1\r\nC:1\r\n"), Ok(Some(_))));
        let long = "x".repeat(256);
        assert_eq!(with(&format!("A: {long}\r\n")), Err(Refusal::TooLarge));
        assert_eq!(read(&format!("GET /{long}")), Err(Refusal::TooLarge));
    }

    #[test]
    fn a_head_may_come_byte_by_byte() {
        let text = b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
        let mut head = Head::default();
        for end in 0..text.len() {
            assert_eq!(head.read(&text[..end], 256, 4), Ok(None), "{end}");
        }
        assert_eq!(head.read(text, 256, 4), Ok(Some((text.len(), Follows::Sized(3)))));
    }
}
