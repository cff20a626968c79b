//! Answers that are remembered.

use otp_sidecar::secret::{AnswerKey, Generation, IndexKey, Reference};

#[test]
fn only_the_same_call_names_and_opens_it() {
    let index = IndexKey::new(&[1; 32]);
    let ada = Reference([1; 16]);
    let key = |tenant, operation, subject, raw| AnswerKey::new(&index, tenant, operation, subject, raw);
    let ours = key("shop", "send", &ada, "k1");
    let sealed = ours.seal(&Generation([9; 12]), "123456").unwrap();
    assert_eq!(ours.open(&Generation([9; 12]), &sealed).unwrap().as_str(), "123456");
    assert!(ours.open(&Generation([8; 12]), &sealed).is_none());
    for other in [
        key("bank", "send", &ada, "k1"),
        key("shop", "check", &ada, "k1"),
        key("shop", "send", &Reference([2; 16]), "k1"),
        key("shop", "send", &ada, "k2"),
        AnswerKey::new(&IndexKey::new(&[2; 32]), "shop", "send", &ada, "k1"),
    ] {
        assert_ne!(other.reference, ours.reference);
        assert!(other.open(&Generation([9; 12]), &sealed).is_none());
    }
}
