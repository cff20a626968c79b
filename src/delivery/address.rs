//! Addresses, as they may stand in `to`: one plain mail address, or one number, and nothing that a provider might read as more.

use lettre::Address;

/// What a channel's addresses are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// Mail addresses.
    Mail,
    /// Telephone numbers.
    Phone,
}

impl AddressKind {
    /// Whether `text` is an address of this kind.
    pub fn takes(self, text: &str) -> bool {
        match self {
            Self::Mail => mail_address(text).is_some(),
            Self::Phone => is_number(text),
        }
    }
}

/// A number as E.164 has it, 7 to 15 digits behind the `+`. Bytes are kept exact, so there is one way to write it.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
}

/// Longest address in bytes (RFC 5321 §4.5.3.1.3, without its brackets).
const ADDRESS_MAX: usize = 254;

/// Reads `local@domain`: a dot-atom of ASCII, and a domain of at least two labels, which is answered as DNS knows it.
/// Quoted local parts, comments, address literals and bare hosts are none, and neither is what has a space or a control
/// character anywhere.
pub fn mail_address(text: &str) -> Option<Address> {
    let (local, domain) = text.split_once('@').filter(|_| text.len() <= ADDRESS_MAX)?;
    // UTS 46 would also drop or map characters that nobody sees: an address with one is written by nobody.
    let visible = |c: char| {
        c.is_alphanumeric() || c == '-' || c == '.' || (!c.is_ascii() && !crate::policy::characters::is_invisible(c))
    };
    if !local.is_ascii() || local.starts_with('"') || !domain.chars().all(visible) {
        return None;
    }
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    let (_, top) = domain.rsplit_once('.')?;
    let numeric = top.bytes().all(|b| b.is_ascii_digit());
    let fits = local.len() + 1 + domain.len() <= ADDRESS_MAX;
    Address::new(local, &domain).ok().filter(|_| fits && !numeric)
}

/// The address as an answer shows it: its first character and its domain; of a number the first two and last two digits.
pub fn masked(to: &str) -> String {
    let Some((local, domain)) = to.rsplit_once('@') else {
        let shown = |range| to.get(range).unwrap_or_default();
        return format!("{}•••••••{}", shown(0..3), shown(to.len().saturating_sub(2)..to.len()));
    };
    let first = local.chars().next().map(String::from).unwrap_or_default();
    format!("{first}•••@{domain}")
}
