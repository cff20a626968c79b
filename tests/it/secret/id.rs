//! Ids: sealed, and bound to their tenant.

use otp_sidecar::secret::{
    Generation, Id, IndexKey, Reference, Spelling,
    id::{ID_MAX_CHARS, IdSealer},
};
use proptest::prelude::*;

fn id() -> Id {
    Id {
        reference: Reference([1; 16]),
        spelling: Spelling([2; 8]),
        purpose: "a".repeat(32),
        length: 6,
        generation: Generation([4; 12]),
        epoch: 7,
        expires: 1_800_000_000_123,
        lifetime: 300_000,
        alphabet: 9,
        subject: "s".repeat(256),
    }
}

#[test]
fn an_id_opens_for_its_own_tenant_and_key_alone() {
    let sealer = IdSealer::new(&IndexKey::new(&[1; 32]));
    let text = sealer.seal("a", &id()).unwrap();
    assert!(text.len() <= ID_MAX_CHARS);
    assert_eq!(sealer.open("a", &text), Some(id()));
    assert_eq!(sealer.open("b", &text), None);
    assert_eq!(IdSealer::new(&IndexKey::new(&[2; 32])).open("a", &text), None);
}

proptest! {
    #[test]
    fn a_changed_id_is_no_id(at in 0usize..478, to in "[A-Za-z0-9_-]") {
        let sealer = IdSealer::new(&IndexKey::new(&[1; 32]));
        let text = sealer.seal("a", &id()).unwrap();
        let at = at.min(text.len() - 1);
        let changed = format!("{}{to}{}", &text[..at], &text[at + 1..]);
        prop_assume!(changed != text);
        prop_assert_eq!(sealer.open("a", &changed), None);
    }

    #[test]
    fn nothing_else_is_an_id(text in "\\PC{0,500}") {
        prop_assert_eq!(IdSealer::new(&IndexKey::new(&[1; 32])).open("a", &text), None);
    }
}
