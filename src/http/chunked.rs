//! A chunked body's frame (RFC 9112 §7.1), followed strictly.
//!
//! Extensions and trailers are read to their ends and mean nothing, to hyper neither. What they may be made of is what a
//! head's lines may be made of: no line ends otherwise than with CR LF, which is where parsers disagree.

use super::head::is_line;

/// The longest size in hexadecimal digits without its leading zeros: 256 MiB, more than any body that is accepted.
const LONGEST_SIZE: u8 = 7;
/// The same with them; some clients write as many as a number of 64 bits may have.
const MOST_DIGITS: u8 = 16;
/// The longest extensions of one chunk, in bytes.
const LONGEST_EXTENSION: u16 = 256;
/// The longest trailers, in bytes.
const LONGEST_TRAILERS: usize = 4096;

/// Where in a chunked body we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chunked {
    Size { digits: u8, significant: u8, size: u64 },
    Extension { size: u64, bytes: u16 },
    SizeLf { size: u64 },
    Data { left: u64 },
    DataCr,
    DataLf,
    Trailer { line: Vec<u8>, bytes: usize },
    TrailerLf { line: Vec<u8>, bytes: usize },
    Done,
}

/// The frame is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl Chunked {
    pub(super) const fn new() -> Self {
        Self::Size { digits: 0, significant: 0, size: 0 }
    }

    /// Follows `bytes` to their end or the body's; returns how many belong to it.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let mut rest = bytes;
        while let [first, after @ ..] = rest {
            if *self == Self::Done {
                break;
            }
            if let Self::Data { left } = self {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                *left -= here as u64;
                rest = rest.get(here..).unwrap_or_default();
                if *left == 0 {
                    *self = Self::DataCr;
                }
                continue;
            }
            *self = std::mem::replace(self, Self::Done).after(*first)?;
            rest = after;
        }
        Ok(bytes.len() - rest.len())
    }

    fn after(self, byte: u8) -> Result<Self, Broken> {
        match (self, byte) {
            (Self::Size { digits, size, .. }, b'\r') if digits > 0 => Ok(Self::SizeLf { size }),
            (Self::Size { digits, size, .. }, b';') if digits > 0 => Ok(Self::Extension { size, bytes: 0 }),
            (Self::Size { digits, significant, size }, _) if digits < MOST_DIGITS && significant < LONGEST_SIZE => {
                let digit = char::from(byte).to_digit(16).ok_or(Broken)?;
                let size = size * 16 + u64::from(digit);
                Ok(Self::Size { digits: digits + 1, significant: significant + u8::from(size > 0), size })
            }
            (Self::Extension { size, .. }, b'\r') => Ok(Self::SizeLf { size }),
            (Self::Extension { size, bytes }, b'\t' | 0x20..=0x7e | 0x80..) if bytes < LONGEST_EXTENSION => {
                Ok(Self::Extension { size, bytes: bytes + 1 })
            }
            (Self::SizeLf { size: 0 }, b'\n') => Ok(Self::Trailer { line: Vec::new(), bytes: 0 }),
            (Self::SizeLf { size }, b'\n') => Ok(Self::Data { left: size }),
            (Self::DataCr, b'\r') => Ok(Self::DataLf),
            (Self::DataLf, b'\n') => Ok(Self::new()),
            (Self::Trailer { line, bytes }, b'\r') => Ok(Self::TrailerLf { line, bytes }),
            (Self::Trailer { mut line, bytes }, b'\t' | 0x20..=0x7e | 0x80..) if bytes < LONGEST_TRAILERS => {
                line.push(byte);
                Ok(Self::Trailer { line, bytes: bytes + 1 })
            }
            (Self::TrailerLf { line, .. }, b'\n') if line.is_empty() => Ok(Self::Done),
            (Self::TrailerLf { line, bytes }, b'\n') if is_line(&line) => {
                Ok(Self::Trailer { line: Vec::new(), bytes: bytes + 2 })
            }
            _ => Err(Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_body_is_followed_to_its_end_however_it_is_cut() {
        let body = b"5\r\nhello\r\n000000000000000A;a=b;c=\"d\"\r\n0123\r\n6789\r\n0;e\r\nX: y\r\nZ:\r\n\r\n";
        let text = [&body[..], b"GET /"].concat();
        assert_eq!(Chunked::new().follow(&text), Ok(body.len()));
        let mut chunked = Chunked::new();
        for byte in body {
            assert_ne!(chunked, Chunked::Done);
            assert_eq!(chunked.follow(&[*byte]), Ok(1));
        }
        assert_eq!(chunked, Chunked::Done);
    }

    #[test]
    fn anything_unusual_is_broken() {
        for body in [
            "\r\n",
            "g\r\n",
            "-1\r\n",
            "0x1\r\n",
            " 1\r\n",
            "1 \r\n",
            "1\n",
            "1\rx",
            "1;a\n",
            "1;a\0\r\n",
            "1;a\rb",
            ";a\r\n",
            "1\r\nab\r\n",
            "1\r\na\n",
            "1\r\naX",
            "0\r\nX: y\n\r\n",
            "0\r\nX: y\r\n folded\r\n\r\n",
            "0\r\nX : y\r\n",
            "0\r\nX\r\n",
            "0\r\n: y\r\n",
            "0\r\nX: \0\r\n",
            "0\r\n\n",
            "00000000000000000\r\n",
            "10000000\r\n",
            "fffffffffffffffff\r\n",
        ] {
            assert_eq!(Chunked::new().follow(body.as_bytes()), Err(Broken), "{body:?}");
        }
        for (before, long) in [("1;", "x".repeat(300)), ("0\r\n", "X: y\r\n".repeat(1000))] {
            assert_eq!(Chunked::new().follow(format!("{before}{long}").as_bytes()), Err(Broken), "{before:?}");
        }
    }
}
