//! Codes: drawn so that every value is equally likely, and never printed by accident.

use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::policy::code::Shape;

/// A freshly drawn code. Erased from memory when dropped; `Debug` shows nothing of it.
pub struct Code(Zeroizing<String>);

impl Code {
    /// Draws a code of `shape`. Bytes that would favour some characters are thrown away (rejection sampling), so that each
    /// of the `alphabet^length` codes is equally likely.
    pub fn draw(shape: &Shape, rng: &mut impl CryptoRng) -> Self {
        let alphabet = shape.alphabet.as_bytes();
        let fair = 256 - 256 % alphabet.len().max(1);
        let mut text = Zeroizing::new(String::with_capacity(usize::from(shape.length)));
        let mut block = Zeroizing::new([0u8; 64]);
        while text.len() < usize::from(shape.length) {
            rng.fill_bytes(block.as_mut());
            let fitting = block.iter().map(|&b| usize::from(b)).filter(|&b| b < fair);
            for byte in fitting.take(usize::from(shape.length) - text.len()) {
                if let Some(&c) = alphabet.get(byte % alphabet.len()) {
                    text.push(char::from(c));
                }
            }
        }
        Self(text)
    }

    /// A code that was drawn before.
    pub fn again(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The code itself, for the one answer that may carry it and for its digest.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

crate::policy::opaque!(Code);
