//! Codes as they are typed: any text is one or is refused, and marks in it make no other.

use otp_sidecar::policy::code::{LENGTH, TypedCode};

use super::Try;

pub const WORDS: &[&str] = &[
    "123456",
    "aB3",
    " ",
    "-",
    "\u{a0}",
    "\u{200b}",
    "\u{feff}",
    "\u{202e}",
    "\u{2212}",
    "\u{ad}",
    "\u{661}",
    "\u{ff10}",
    "\u{1d7ce}",
    "\u{1fbf9}",
    "\0",
    "+",
    "²",
];

pub fn start() -> Try {
    Box::new(|data| {
        let Ok(text) = std::str::from_utf8(data) else { return };
        let marked: String = text.chars().flat_map(|c| ['\u{feff}', c, '-']).collect();
        let Ok(code) = TypedCode::read(text) else {
            assert!(TypedCode::read(&marked).is_err(), "{marked:?}");
            return;
        };
        assert!(LENGTH.contains(&code.length()) && usize::from(code.length()) == code.expose().len());
        assert!(code.expose().bytes().all(|b| b.is_ascii_alphanumeric()));
        assert!(TypedCode::read(code.expose()) == Ok(code.clone()), "read once is read for good");
        assert!(TypedCode::read(&marked).is_ok_and(|same| same == code), "{text:?}");
    })
}
