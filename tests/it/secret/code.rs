//! Codes as they are drawn.

use otp_sidecar::{policy::code::Shape, secret::Code};
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
