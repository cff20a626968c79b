//! Digests of codes, and the pepper ring.

use otp_sidecar::secret::{Pepper, PepperRing, PurposeTag, Spelling};

fn pepper(byte: u8) -> Pepper {
    Pepper { kid: String::new(), value: vec![byte; 32].into() }
}

#[test]
fn a_digest_is_bound_to_everything_the_code_was_issued_for() {
    let ring = PepperRing::new(&[pepper(1)]).unwrap();
    let (p, s) = (PurposeTag([1; 4]), Spelling([2; 8]));
    let sealed = ring.seal("a", p, s, "123456");
    assert_eq!(sealed, ring.seal("a", p, s, "123456"));
    assert_ne!(sealed, ring.seal("b", p, s, "123456"));
    assert_ne!(sealed, ring.seal("a", PurposeTag([9; 4]), s, "123456"));
    assert_ne!(sealed, ring.seal("a", p, Spelling([9; 8]), "123456"));
    assert_ne!(sealed, ring.seal("a", p, s, "123457"));
}

#[test]
fn an_older_pepper_stays_a_candidate_while_it_is_in_the_ring() {
    let (p, s) = (PurposeTag([1; 4]), Spelling([2; 8]));
    let (kid, digest) = PepperRing::new(&[pepper(1)]).unwrap().seal("a", p, s, "123456");
    let rotated = PepperRing::new(&[pepper(2), pepper(1)]).unwrap();
    assert_eq!(rotated.candidates("a", p, s, "123456")[20..], [&kid[..], &digest[..]].concat());
    assert!(PepperRing::new(&[]).is_none());
}
