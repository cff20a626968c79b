//! References: what a subject is called in Redis.

use otp_sidecar::{policy::Subject, secret::IndexKey};

#[test]
fn names_differ_by_tenant_key_and_use_but_not_by_variant() {
    let (key, other) = (IndexKey::new(&[1; 32]), IndexKey::new(&[2; 32]));
    let (ann, variant) = (Subject::new("ann").unwrap(), Subject::new("ANN").unwrap());
    assert_eq!(key.subject("a", &ann), key.subject("a", &variant));
    assert_ne!(key.spelling("a", &ann), key.spelling("a", &variant));
    assert_ne!(key.subject("a", &ann), key.subject("b", &ann));
    assert_ne!(key.subject("a", &ann), other.subject("a", &ann));
    assert_ne!(key.fingerprint(), other.fingerprint());
    assert_ne!(key.subject("a", &ann).0[..8], key.spelling("a", &ann).0[..]);
}

#[test]
fn parts_cannot_slide_into_each_other() {
    let key = IndexKey::new(&[3; 32]);
    assert_ne!(key.destination("ab", "c"), key.destination("a", "bc"));
    assert_ne!(key.device("ab", "c"), key.device("a", "bc"));
}
