//! Codes as people type and paste them.

use otp_sidecar::policy::code::{InvalidCode, LENGTH, Shape, TypedCode};
use proptest::prelude::*;

fn read(typed: &str) -> Result<String, InvalidCode> {
    TypedCode::read(typed).map(|code| code.expose().to_owned())
}

#[test]
fn what_is_no_part_of_a_code_falls_away_anywhere_in_it_and_leading_zeros_stay() {
    for typed in [
        " \t012345\r\n",
        "012 345",
        "012-345",
        "\u{feff}0\u{200b}1\u{ad}2\u{2011}3\u{a0}4\u{202e}5\u{2069}",
        "０１２－３４５",
        "०१२३४५",
        "\u{200f}٠١٢٣٤٥",
    ] {
        assert_eq!(read(typed).as_deref(), Ok("012345"), "{typed:?}");
    }
    assert_eq!(read("aB3\u{2212}d").as_deref(), Ok("aB3d"));
}

#[test]
fn signs_points_nul_other_numbers_and_what_is_too_short_or_too_long_are_no_code() {
    for typed in
        ["+12345", "12345.", "", " - ", "123", "12345\0", "²²²²", "①②③④", "１２３", "12345é", "1_2345", "12,345"]
    {
        assert_eq!(read(typed), Err(InvalidCode), "{typed:?}");
    }
    assert!(read(&"9".repeat(32)).is_ok() && read(&"9".repeat(33)).is_err());
    assert!(read(&" ".repeat(16_000)).is_err() && read(&format!("{}1234", "\u{200b} ".repeat(4_000))).is_ok());
}

#[test]
fn letters_of_one_case_take_either_and_of_both_keep_theirs() {
    let respelled = |alphabet: &str, typed: &str| {
        let shape = Shape { length: 4, alphabet: alphabet.into() };
        shape.respelled(&TypedCode::read(typed).unwrap()).expose().to_owned()
    };
    assert_eq!(respelled("abc123", "aBC1"), "abc1");
    assert_eq!(respelled("ABC123", "aBC1"), "ABC1");
    assert_eq!(respelled("abC123", "aBC1"), "aBC1");
    assert_eq!(respelled("0123", "aBC1"), "aBC1");
}

proptest! {
    #[test]
    fn marks_make_no_other_code(code in "[0-9A-Za-z]{4,32}", marks in "[ \u{a0}\u{200b}\u{2012}\u{feff}-]{1,3}") {
        let marked: String = code.chars().flat_map(|c| marks.chars().chain([c])).collect();
        prop_assert_eq!(read(&marked), Ok(code));
    }

    #[test]
    fn any_text_is_a_code_of_letters_and_digits_or_none(text in "\\PC{0,60}") {
        if let Ok(code) = read(&text) {
            prop_assert!(code.bytes().all(|b| b.is_ascii_alphanumeric()) && LENGTH.contains(&(code.len() as u8)));
            prop_assert_eq!(read(&code), Ok(code));
        }
    }
}
