//! The shape of a code, and codes as users type them.

use zeroize::Zeroizing;

use super::characters::{ascii_digit, is_dash, is_invisible};

/// Shortest and longest code that can be configured (`OTP_LENGTH`).
pub const LENGTH: std::ops::RangeInclusive<u8> = 4..=32;

/// Length and alphabet of the codes of one purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Characters in a code, 4 to 32.
    pub length: u8,
    /// The characters a code is drawn from: 2 to 64 different ASCII letters or digits.
    pub alphabet: String,
}

/// Why a presented code is not even compared: 422 `invalid_code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidCode;

impl Shape {
    /// How many different codes there are. As a float: 64³² does not fit an integer, and the odds need no more.
    pub fn space(&self) -> f64 {
        (self.alphabet.len() as f64).powi(i32::from(self.length))
    }

    /// Tells most alphabets apart, in one byte (FNV-1a, folded): two that share it are told apart by their characters.
    pub fn alphabet_tag(&self) -> u8 {
        let hash = self.alphabet.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
        let [a, b, c, d] = hash.to_be_bytes();
        a ^ b ^ c ^ d
    }

    /// Writes a code as this alphabet does: one whose letters are all of one case takes either.
    pub fn respelled(&self, code: &TypedCode) -> TypedCode {
        let letters = |of_case: fn(&u8) -> bool| self.alphabet.as_bytes().iter().any(of_case);
        let (upper, lower) = (letters(u8::is_ascii_uppercase), letters(u8::is_ascii_lowercase));
        let mut respelled = code.clone();
        match (upper, lower) {
            (true, false) => respelled.characters.make_ascii_uppercase(),
            (false, true) => respelled.characters.make_ascii_lowercase(),
            _ => {}
        }
        respelled
    }

    /// Whether every character of `code` is of this alphabet.
    pub fn spells(&self, code: &str) -> bool {
        code.bytes().all(|b| self.alphabet.as_bytes().contains(&b))
    }
}

/// What a user typed, once all that is no part of a code fell away: 4 to 32 ASCII letters and digits. Kept in place and
/// erased when dropped; `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedCode {
    characters: Zeroizing<[u8; *LENGTH.end() as usize]>,
    length: u8,
}

impl TypedCode {
    /// Reads what a user typed or pasted. White space, hyphens and invisible characters fall away anywhere in it, digits of
    /// any script are 0 to 9. Whether the rest fits *this* code is decided by what was noted when it was issued.
    ///
    /// # Errors
    /// [`InvalidCode`] if it could not be a code of any configuration.
    pub fn read(typed: &str) -> Result<Self, InvalidCode> {
        let mut code = Self { characters: Zeroizing::default(), length: 0 };
        for c in typed.chars() {
            let character = match u8::try_from(c) {
                Ok(ascii) if ascii.is_ascii_alphanumeric() => ascii,
                _ if c.is_whitespace() || is_dash(c) || is_invisible(c) => continue,
                _ => ascii_digit(c).ok_or(InvalidCode)?,
            };
            *code.characters.get_mut(usize::from(code.length)).ok_or(InvalidCode)? = character;
            code.length += 1;
        }
        if LENGTH.contains(&code.length) { Ok(code) } else { Err(InvalidCode) }
    }

    /// Its characters.
    pub fn expose(&self) -> &str {
        self.characters.get(..usize::from(self.length)).and_then(|code| str::from_utf8(code).ok()).unwrap_or_default()
    }

    /// How many there are, 4 to 32.
    pub fn length(&self) -> u8 {
        self.length
    }
}

impl std::fmt::Debug for TypedCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TypedCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
}
