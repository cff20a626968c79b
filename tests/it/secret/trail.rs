//! The key that signs a trail.

use otp_sidecar::secret::{AuditKey, PublicKey, TrailKeys};

fn keys(byte: u8) -> TrailKeys {
    TrailKeys::new(&AuditKey::new(&[byte; 32])).unwrap()
}

#[test]
fn a_signature_is_checked_with_the_public_key_in_any_of_its_forms() {
    let keys = keys(1);
    let signature = keys.sign(b"line");
    for text in [keys.public().pem(), keys.public().text(), keys.public().text().trim_end_matches('=').to_owned()] {
        assert!(PublicKey::parse(&text).unwrap().verifies(b"line", &signature), "{text}");
    }
    let inner = keys.public().pem().lines().nth(1).unwrap().to_owned();
    assert_eq!(PublicKey::parse(&inner), Some(*keys.public()));
    assert!(!keys.public().verifies(b"lime", &signature) && !self::keys(2).public().verifies(b"line", &signature));
    assert!(PublicKey::parse("").is_none() && PublicKey::parse(&inner[1..]).is_none());
}
