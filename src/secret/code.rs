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

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn every_character_is_equally_likely_at_every_place() {
        const DRAWS: u32 = 60_000;
        for alphabet in ["0123456789", "abc", "ABCDEFGHJKLMNPQRSTUVWXYZ23456789abcdefgh"] {
            let shape = Shape { length: 6, alphabet: alphabet.into() };
            let mut rng = StdRng::seed_from_u64(7);
            let mut seen = vec![vec![0u32; alphabet.len()]; 6];
            for _ in 0..DRAWS {
                for (place, c) in Code::draw(&shape, &mut rng).expose().bytes().enumerate() {
                    seen[place][alphabet.bytes().position(|a| a == c).unwrap()] += 1;
                }
            }
            // Chi squared per place: mean k−1, variance 2(k−1); six standard deviations never fail by chance.
            let (k, expected) = (alphabet.len() as f64, f64::from(DRAWS) / alphabet.len() as f64);
            for place in seen {
                let chi: f64 = place.iter().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum();
                assert!(chi < k - 1.0 + 6.0 * (2.0 * (k - 1.0)).sqrt(), "{alphabet}: {chi}");
            }
        }
    }

    #[test]
    fn leading_zeros_stay() {
        let shape = Shape { length: 6, alphabet: "0123456789".into() };
        let mut rng = StdRng::seed_from_u64(1);
        let codes: Vec<_> = (0..1000).map(|_| Code::draw(&shape, &mut rng)).collect();
        assert!(codes.iter().all(|c| c.expose().len() == 6));
        assert!(codes.iter().any(|c| c.expose().starts_with('0')));
    }
}
