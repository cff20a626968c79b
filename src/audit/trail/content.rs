//! What an event's line says, apart from what may differ when it is written again.

use sha2::{Digest as _, Sha256};

/// Fields that depend on what is held of the person when the line is written: erased meanwhile, or told not to keep a device.
const MAY_DIFFER: [&[u8]; 2] = [b",\"device_ref\":\"", b",\"sealed\":\""];

/// A hash of a line's body without its number and those fields: the same for the same event, in whichever trail, as often
/// as it is written.
pub fn content(body: &[u8]) -> [u8; 16] {
    let (mut rest, mut hash) = (fields(body), Sha256::new());
    for field in MAY_DIFFER {
        // Inside a string a quote has a backslash before it, so that this is the field and nothing else.
        let Some(at) = memchr::memmem::find(rest, field) else { continue };
        let (before, behind) = rest.split_at(at);
        hash.update(before);
        let value = behind.get(field.len()..).unwrap_or_default();
        let end = value.iter().position(|byte| *byte == b'"').map_or(value.len(), |quote| quote + 1);
        rest = value.get(end..).unwrap_or_default();
    }
    hash.update(rest);
    let mut first = [0; 16];
    first.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    first
}

/// What is behind the number, or behind the brace where there is none.
fn fields(body: &[u8]) -> &[u8] {
    match body.strip_prefix(b"{\"n\":") {
        Some(rest) => {
            rest.iter().position(|byte| *byte == b',').and_then(|comma| rest.get(comma + 1..)).unwrap_or_default()
        }
        None => body.get(1..).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_device_and_sealed_fields_do_not_count_and_everything_else_does() {
        let full =
            content(br#"{"n":17,"bucket":1,"tenant":"a","device_ref":"0f","failures":0,"until_ms":0,"sealed":"AAAA""#);
        assert_eq!(full, content(br#"{"n":4,"bucket":1,"tenant":"a","failures":0,"until_ms":0"#));
        assert_eq!(full, content(br#"{"bucket":1,"tenant":"a","failures":0,"until_ms":0,"sealed":"B""#));
        assert_ne!(full, content(br#"{"n":17,"bucket":2,"tenant":"a","failures":0,"until_ms":0"#));
        let hidden = content(br#"{"n":17,"bucket":1,"tenant":"a,\"sealed\":\"x","failures":0"#);
        assert_ne!(hidden, content(br#"{"n":17,"bucket":1,"tenant":"a,\"sealed\":\"y","failures":0"#));
    }
}
