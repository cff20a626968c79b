//! Where each HTTP/1 request on a connection begins and ends.

use super::{
    chunked::Chunked,
    head::{Follows, Head, Refusal},
    limits::Limits,
};

/// Follows the bytes of one connection.
#[derive(Debug)]
pub(super) struct Framing {
    place: Place,
    max_bytes: usize,
    max_lines: usize,
}

#[derive(Debug)]
enum Place {
    Head(Head),
    Sized(u64),
    Chunked(Chunked),
    /// Nobody knows where the next request begins: nothing more is let through.
    Lost,
}

/// How far bytes may be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sound {
    /// So many bytes are complete heads, or belong to a body.
    pub(super) bytes: usize,
    /// What follows them is a head that is refused.
    pub(super) refusal: Option<Refusal>,
}

impl Framing {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            place: Place::Head(Head::default()),
            max_bytes: usize::try_from(limits.max_head_bytes).unwrap_or(usize::MAX),
            max_lines: limits.max_headers,
        }
    }

    /// Follows on, to the end of one request at most. What is not sound yet must come again, with more behind it.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> Sound {
        let mut sound = 0;
        while let Some(rest) = bytes.get(sound..).filter(|rest| !rest.is_empty()) {
            if sound > 0 && self.is_between() {
                break;
            }
            match &mut self.place {
                Place::Head(head) => match head.read(rest, self.max_bytes, self.max_lines) {
                    Ok(None) => break,
                    Ok(Some((length, follows))) => {
                        sound += length;
                        self.place = match follows {
                            Follows::Sized(0) => Place::Head(Head::default()),
                            Follows::Sized(length) => Place::Sized(length),
                            Follows::Chunked(chunked) => Place::Chunked(chunked),
                        };
                    }
                    Err(refusal) => {
                        self.place = Place::Lost;
                        return Sound { bytes: sound, refusal: Some(refusal) };
                    }
                },
                Place::Sized(left) => {
                    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= here as u64;
                    sound += here;
                    if *left == 0 {
                        self.place = Place::Head(Head::default());
                    }
                }
                Place::Chunked(chunked) => match chunked.follow(rest) {
                    Ok(here) => {
                        sound += here;
                        if *chunked == Chunked::Done {
                            self.place = Place::Head(Head::default());
                        }
                    }
                    // Whoever reads this body sees it end early, and answers that.
                    Err(_) => self.place = Place::Lost,
                },
                Place::Lost => break,
            }
        }
        Sound { bytes: sound, refusal: None }
    }

    /// Whether the last head that was passed on still has a part of its body to come.
    pub(super) const fn is_in_body(&self) -> bool {
        !self.is_between()
    }

    const fn is_between(&self) -> bool {
        matches!(self.place, Place::Head(_))
    }

    /// Whether nothing more is let through.
    pub(super) const fn is_lost(&self) -> bool {
        matches!(self.place, Place::Lost)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const SIZED: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

    fn framing() -> Framing {
        Framing::new(&Limits::default())
    }

    /// Follows `text` as a reader does who gets it in pieces of these sizes, over and over.
    fn pass(framing: &mut Framing, text: &str, pieces: &[usize]) -> Sound {
        let (mut passed, mut held, mut rest) = (0, Vec::new(), text.as_bytes());
        for piece in pieces.iter().cycle() {
            let (now, after) = rest.split_at((*piece).min(rest.len()));
            held.extend_from_slice(now);
            rest = after;
            loop {
                let sound = framing.follow(&held);
                held.drain(..sound.bytes);
                passed += sound.bytes;
                if sound.refusal.is_some() || (sound.bytes == 0 && rest.is_empty()) {
                    return Sound { bytes: passed, refusal: sound.refusal };
                }
                if sound.bytes == 0 {
                    break;
                }
            }
        }
        unreachable!("an endless cycle")
    }

    #[test]
    fn requests_in_a_row_are_let_through_one_by_one() {
        let row = [GET, SIZED, CHUNKED, GET].concat();
        let (mut framing, mut rest) = (framing(), row.as_bytes());
        for request in [GET, SIZED, CHUNKED, GET] {
            assert_eq!(framing.follow(rest), Sound { bytes: request.len(), refusal: None });
            assert!(!framing.is_in_body());
            rest = &rest[request.len()..];
        }
    }

    #[test]
    fn nothing_behind_a_refused_head_or_a_broken_body_is_sound() {
        let row = [GET, "GET / HTTP/1.1\nHost: a\n\n", GET].concat();
        let mut refused = framing();
        let sound = Sound { bytes: GET.len(), refusal: Some(Refusal::Malformed) };
        assert_eq!(pass(&mut refused, &row, &[1000]), sound);
        assert_eq!(refused.follow(GET.as_bytes()), Sound { bytes: 0, refusal: None });

        let row = [&CHUNKED.replace("5\r\n", "z\r\n"), GET].concat();
        let mut broken = framing();
        assert_eq!(broken.follow(row.as_bytes()).bytes, CHUNKED.find("5\r\n").unwrap());
        assert!(broken.is_lost() && broken.is_in_body());
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_changes_nothing(pieces in prop::collection::vec(1usize..80, 1..60)) {
            let sound = [SIZED, CHUNKED, GET, SIZED].concat();
            let row = [&sound, "GET / HTTP/1.1\n\r\n", GET].concat();
            let expected = Sound { bytes: sound.len(), refusal: Some(Refusal::Malformed) };
            prop_assert_eq!(pass(&mut framing(), &row, &pieces), expected);
        }
    }
}
