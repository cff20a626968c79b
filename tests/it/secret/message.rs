//! Messages under way: sealed, a decoy's like any.

use otp_sidecar::secret::{Generation, IndexKey, MessageAbout, MessageSealer, Pepper, PepperRing, Reference, Way};

fn ring(bytes: &[u8]) -> PepperRing {
    let pepper = |&byte: &u8| Pepper { kid: String::new(), value: vec![byte; 32].into() };
    PepperRing::new(&bytes.iter().map(pepper).collect::<Vec<_>>()).unwrap()
}

#[test]
fn a_message_opens_for_its_own_issue_and_keys_alone_and_a_decoys_looks_like_any() {
    let index = IndexKey::new(&[1; 32]);
    let sealer = MessageSealer::new(&index, &ring(&[1]));
    let (ann, generation) = (Reference([1; 16]), Generation([2; 12]));
    let sealed = sealer.seal_code(&ann, &generation, "123456").unwrap();
    assert_eq!(sealer.open_code(&ann, &generation, &sealed).unwrap().as_str(), "123456");
    assert!(sealer.open_code(&ann, &Generation([3; 12]), &sealed).is_none());
    assert!(sealer.open_code(&Reference([9; 16]), &generation, &sealed).is_none());
    assert!(MessageSealer::new(&index, &ring(&[2, 1])).open_code(&ann, &generation, &sealed).is_some());
    assert!(MessageSealer::new(&index, &ring(&[2])).open_code(&ann, &generation, &sealed).is_none());
    let about = MessageAbout {
        subject_ref: ann.hex(),
        tenant: "shop".into(),
        subject: "ann".into(),
        purpose: "login".into(),
        ways: vec![Way { channel: "email".into(), to: "ann@example.com".into() }],
        locale: None,
        app_hash: None,
        app: None,
        decoy: 0,
    };
    let sealed = sealer.seal_about(&generation, &about).unwrap();
    let decoy = sealer.seal_about(&generation, &MessageAbout { decoy: 1, ..about.clone() }).unwrap();
    assert_eq!(sealed.len(), decoy.len());
    assert!(!sealed.windows(4).any(|part| part == b"shop"));
    assert!(about.is_of(&ann) && !about.is_of(&Reference([9; 16])));
    assert!(sealer.open_about(&generation, &sealed) == Some(about));
    assert!(sealer.open_about(&Generation([3; 12]), &sealed).is_none());
    assert!(MessageSealer::new(&IndexKey::new(&[2; 32]), &ring(&[1])).open_about(&generation, &sealed).is_none());
}
