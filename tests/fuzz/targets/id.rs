//! Ids: what was sealed opens to the same, what was changed by a single character does not, and nothing panics.

use otp_sidecar::secret::{
    Generation, Id, IndexKey, Reference, Spelling,
    id::{ID_MAX_CHARS, IdSealer},
};

use super::{Try, choice::Choice};

const TENANT: &str = "shop";

pub fn start() -> Try {
    let sealer = IdSealer::new(&IndexKey::new(&[7; 32]));
    Box::new(move |data| {
        let text = String::from_utf8_lossy(data);
        assert_eq!(sealer.open(TENANT, &text), None, "nobody guesses a tag of 128 bits");
        let mut choice = Choice(data);
        let id = drawn(&mut choice);
        let sealed = sealer.seal(TENANT, &id).unwrap();
        assert!(sealed.len() <= ID_MAX_CHARS);
        assert_eq!(sealer.open(TENANT, &sealed), Some(id));
        assert_eq!(sealer.open("shop2", &sealed), None);
        let changed = changed(&sealed, &mut choice);
        assert!(changed == sealed || sealer.open(TENANT, &changed).is_none(), "{changed}");
    })
}

fn drawn(choice: &mut Choice<'_>) -> Id {
    let lifetime = u32::from(choice.wide());
    let purpose = choice.below(33);
    Id {
        reference: Reference(filled(choice)),
        spelling: Spelling(filled(choice)),
        purpose: choice.take(purpose).iter().map(|b| char::from(b'a' + b % 26)).collect(),
        length: choice.byte(),
        generation: Generation(filled(choice)),
        epoch: u32::from_be_bytes(filled(choice)),
        expires: u64::from_be_bytes(filled(choice)) >> 16,
        lifetime,
        alphabet: choice.byte(),
        subject: String::from_utf8_lossy(choice.piece()).chars().take(64).collect(),
    }
}

fn filled<const N: usize>(choice: &mut Choice<'_>) -> [u8; N] {
    std::array::from_fn(|_| choice.byte())
}

/// One edit: a character replaced, removed, put in, or the end cut off.
fn changed(sealed: &str, choice: &mut Choice<'_>) -> String {
    let (how, at) = (choice.below(4), choice.below(sealed.len()));
    let character = char::from(choice.byte());
    let (before, after) = sealed.split_at(at);
    match how {
        0 => format!("{before}{character}{}", &after[1..]),
        1 => format!("{before}{}", &after[1..]),
        2 => format!("{before}{character}{after}"),
        _ => before.to_owned(),
    }
}
