//! How many SMS a text makes.

/// Characters that one SMS holds where all of them are GSM 03.38's, and where one is not.
const SEGMENT: (usize, usize) = (160, 70);
/// GSM 03.38 §6.2.1 without letters and digits of ASCII, and the ones that count twice.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
const GSM_TWICE: &str = "\u{c}^{}\\[~]|€";

/// Whether a text is one SMS.
pub(super) fn is_one_segment(text: &str) -> bool {
    let septets = text.chars().map(|c| match c {
        c if c.is_ascii_alphanumeric() || GSM.contains(c) => Some(1),
        c => GSM_TWICE.contains(c).then_some(2),
    });
    match septets.sum::<Option<usize>>() {
        Some(septets) => septets <= SEGMENT.0,
        None => text.encode_utf16().count() <= SEGMENT.1,
    }
}
