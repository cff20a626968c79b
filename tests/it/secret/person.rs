//! Persons: what is known of them until they are erased.

use otp_sidecar::secret::{AuditKey, Name, Person, Reference};

#[test]
fn an_erased_person_opens_nothing_and_a_revived_one_only_what_came_after() {
    let (key, ann) = (AuditKey::new(&[1; 32]), Reference([1; 16]));
    let mut person = Person::nobody();
    assert!(person.seal_fields(&key, b"7-1-1", b"").is_none());
    person.revive(&mut rand::rng());
    (person.security_only, person.ends) = (true, 20_000);
    let name = person.seal_name(&key, &ann, "shop", "ann\0").unwrap();
    let sealed = person.seal_fields(&key, b"7-1-1", &[1, 0, 3, b'a', b'n', b'n']).unwrap();
    let read = Person::read(&person.bytes()).unwrap();
    assert_eq!(read, person);
    assert_eq!(read.open_name(&key, &ann, &name), Some(Name { tenant: "shop".into(), subject: "ann\0".into() }));
    assert_eq!(read.open_fields(&key, b"7-1-1", &sealed).unwrap().subject.as_deref(), Some("ann"));
    assert!(read.open_fields(&key, b"7-1-2", &sealed).is_none());
    assert!(read.open_name(&AuditKey::new(&[2; 32]), &ann, &name).is_none());
    // As lua/person.lua leaves it.
    let left = [&[1, 2, 0, 9][..], &[0; 16], &[0, 0, 0, 0, 0, 5]].concat();
    let mut erased = Person::read(&left).unwrap();
    assert_eq!((erased.erased, erased.ends, erased.bytes()), (5, 9, left));
    assert!(erased.open_name(&key, &ann, &name).is_none() && erased.open_fields(&key, b"7-1-1", &sealed).is_none());
    assert!(erased.seal_fields(&key, b"7-1-1", b"").is_none());
    erased.revive(&mut rand::rng());
    assert!(erased.seal_fields(&key, b"7-1-1", b"").is_some() && erased.open_fields(&key, b"7-1-1", &sealed).is_none());
    assert_eq!(Person::read(&erased.bytes()), Some(erased));
}

/// Until something happens that makes somebody of them.
#[test]
fn to_erase_somebody_never_seen_makes_nobody_of_them() {
    let erased = |seen| {
        let left = [&[1, if seen { 2 } else { 6 }, 0, 9][..], &[0; 16], &[0, 0, 0, 0, 0, 5]].concat();
        let erased = Person::read(&left).unwrap();
        assert_eq!(erased.bytes(), left);
        erased
    };
    assert!(erased(true).is_somebody() && !erased(false).is_somebody());
    let mut nobody = erased(false);
    nobody.revive(&mut rand::rng());
    assert!(nobody.is_somebody());
    assert_eq!(Person::read(&nobody.bytes()), Some(nobody));
}

#[test]
fn it_is_as_short_as_was_counted_upon() {
    assert_eq!(Person::nobody().bytes().len(), 20);
    assert!((0..20).all(|cut| Person::read(&[1; 20][..cut]).is_none()));
}
