//! A chunked body's frame, followed strictly.
//!
//! Extensions and trailers are refused: nothing that calls us has a use for them, and they are where parsers disagree.

/// The longest size line that is read, in hexadecimal digits: 256 MiB, more than any body that is accepted.
const LONGEST_SIZE: u8 = 7;

/// Where in a chunked body we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunked {
    Size { digits: u8, size: u64 },
    SizeLf { size: u64 },
    Data { left: u64 },
    DataCr,
    DataLf,
    EndCr,
    EndLf,
    Done,
}

/// The frame is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl Chunked {
    pub(super) const fn new() -> Self {
        Self::Size { digits: 0, size: 0 }
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
            *self = self.after(*first)?;
            rest = after;
        }
        Ok(bytes.len() - rest.len())
    }

    fn after(self, byte: u8) -> Result<Self, Broken> {
        match (self, byte) {
            (Self::Size { digits, size }, b'\r') if digits > 0 => Ok(Self::SizeLf { size }),
            (Self::Size { digits, size }, _) if digits < LONGEST_SIZE => {
                let digit = char::from(byte).to_digit(16).ok_or(Broken)?;
                Ok(Self::Size { digits: digits + 1, size: size * 16 + u64::from(digit) })
            }
            (Self::SizeLf { size: 0 }, b'\n') => Ok(Self::EndCr),
            (Self::SizeLf { size }, b'\n') => Ok(Self::Data { left: size }),
            (Self::DataCr, b'\r') => Ok(Self::DataLf),
            (Self::DataLf, b'\n') => Ok(Self::new()),
            (Self::EndCr, b'\r') => Ok(Self::EndLf),
            (Self::EndLf, b'\n') => Ok(Self::Done),
            _ => Err(Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_body_is_followed_to_its_end_however_it_is_cut() {
        let body = b"5\r\nhello\r\n00A\r\n0123\r\n6789\r\n0\r\n\r\n";
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
            "1;a=b\r\n",
            "1\r\nab\r\n",
            "1\r\na\n",
            "1\r\naX",
            "0\r\nX: y\r\n\r\n",
            "0\r\n\n",
            "00000000\r\n",
            "fffffffffffffffff\r\n",
        ] {
            assert_eq!(Chunked::new().follow(body.as_bytes()), Err(Broken), "{body:?}");
        }
    }
}
