//! The shape of a code: how long it is and which characters it has.

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

    /// Reads what a user typed: surrounding ASCII white space falls away, the rest must be ASCII letters and digits,
    /// as many as a code can have. Whether they fit *this* code is decided by what was noted when it was issued.
    ///
    /// # Errors
    /// [`InvalidCode`] if it could not be a code of any configuration.
    pub fn read(typed: &str) -> Result<&str, InvalidCode> {
        let code = typed.trim_matches(|c: char| c.is_ascii_whitespace());
        let length = u8::try_from(code.len()).map_err(|_| InvalidCode)?;
        if LENGTH.contains(&length) && code.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(code)
        } else {
            Err(InvalidCode)
        }
    }

    /// Whether every character of `code` is of this alphabet.
    pub fn spells(&self, code: &str) -> bool {
        code.bytes().all(|b| self.alphabet.as_bytes().contains(&b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits() -> Shape {
        Shape { length: 6, alphabet: "0123456789".into() }
    }

    #[test]
    fn white_space_around_a_code_falls_away_and_leading_zeros_stay() {
        assert_eq!(Shape::read(" \t012345\r\n"), Ok("012345"));
    }

    #[test]
    fn signs_points_hex_nul_and_full_width_digits_are_no_code() {
        for typed in
            ["+12345", "-12345", "12345.", "0x1F00", "1e5000", "12 345", "", "１２３４５６", "12345\0", "\u{a0}123456"]
        {
            let read = Shape::read(typed).map(|code| digits().spells(code));
            assert!(matches!(read, Err(InvalidCode) | Ok(false)), "{typed:?}");
        }
    }
}
