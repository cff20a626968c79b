//! Names on their way to the trail.

use otp_sidecar::secret::{IndexKey, Reference, Who, WhoSealer, who::Known};

#[test]
fn what_is_sealed_for_one_subject_opens_for_it_alone() {
    let sealer = WhoSealer::new(&IndexKey::new(&[1; 32]));
    let (ann, bob) = (Reference([1; 16]), Reference([2; 16]));
    let ip = "2001:db8::1".parse().ok();
    let who = Who { subject: Some("Änn"), ip, user_agent: Some("curl/8"), device_id: Some(""), ..Who::default() };
    let sealed = sealer.seal(&ann, &who);
    let known = Known::unpack(&sealer.open(&ann, &sealed).unwrap()).unwrap();
    let expected = Known { subject: Some("Änn".into()), ip, user_agent: Some("curl/8".into()), ..Known::default() };
    assert_eq!(known, expected);
    assert!(sealer.open(&bob, &sealed).is_none());
    assert!(WhoSealer::new(&IndexKey::new(&[2; 32])).open(&ann, &sealed).is_none());
    assert!(sealer.seal(&ann, &Who::default()).is_empty());
    assert!(!sealed.windows(4).any(|part| part == b"curl"));
}

#[test]
fn what_is_cut_off_is_refused() {
    let who = Who { subject: Some("ann"), reason: Some("why"), ..Who::default() };
    let packed = who.packed();
    assert!(Known::unpack(&packed).is_some());
    assert!((1..packed.len()).all(|cut| cut == 6 || Known::unpack(&packed[..cut]).is_none()));
}
