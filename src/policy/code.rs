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

    /// Reads what a user typed: surrounding ASCII white space falls away, every character must be of the alphabet and
    /// the length one that a code can have. Whether it is the length of *this* code, the caller decides by
    /// [`Shape::length`] or by what was stored when the code was issued.
    ///
    /// # Errors
    /// [`InvalidCode`] if it could not be a code of this alphabet at all.
    pub fn read<'a>(&self, typed: &'a str) -> Result<&'a str, InvalidCode> {
        let code = typed.trim_matches(|c: char| c.is_ascii_whitespace());
        let length = u8::try_from(code.len()).map_err(|_| InvalidCode)?;
        let known = |c: u8| self.alphabet.as_bytes().contains(&c);
        if LENGTH.contains(&length) && code.bytes().all(known) { Ok(code) } else { Err(InvalidCode) }
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
        assert_eq!(digits().read(" \t012345\r\n"), Ok("012345"));
    }

    #[test]
    fn signs_points_hex_nul_and_full_width_digits_are_no_code() {
        for typed in
            ["+12345", "-12345", "12345.", "0x1F00", "1e5000", "12 345", "", "１２３４５６", "12345\0", "\u{a0}123456"]
        {
            assert_eq!(digits().read(typed), Err(InvalidCode), "{typed:?}");
        }
    }
}
