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

super::opaque!(TypedCode);
