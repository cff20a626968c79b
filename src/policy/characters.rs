//! Characters by what they do in a text that people type or paste: show nothing, join groups, count.
//!
//! General categories (`Nd`, `Pd`, `Cf`) are those of Unicode 18, other properties those of Unicode 16. A character that a
//! later version adds is taken for none of these: it is refused in a code, and tells one subject from another.

/// Code points that show nothing: Unicode's `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt), the other format
/// characters (general category `Cf`), and the blank Braille pattern.
const INVISIBLE: &[(u32, u32)] = &[
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x0600, 0x0605),
    (0x061C, 0x061C),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1345F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
];

/// Code points that stand for a hyphen: Unicode's `Dash` (PropList.txt; all of general category `Pd`, the minus signs and
/// the swung dash), the hyphen bullet, the modifier minus, the box-drawing line, and the long-vowel marks that a Japanese
/// keyboard gives for the same key. The soft hyphen is invisible.
const DASHES: &[(u32, u32)] = &[
    (0x002D, 0x002D),
    (0x02D7, 0x02D7),
    (0x058A, 0x058A),
    (0x05BE, 0x05BE),
    (0x1400, 0x1400),
    (0x1806, 0x1806),
    (0x2010, 0x2015),
    (0x2043, 0x2043),
    (0x2053, 0x2053),
    (0x207B, 0x207B),
    (0x208B, 0x208B),
    (0x2212, 0x2212),
    (0x2500, 0x2501),
    (0x2E17, 0x2E17),
    (0x2E1A, 0x2E1A),
    (0x2E3A, 0x2E3B),
    (0x2E40, 0x2E40),
    (0x2E5D, 0x2E5D),
    (0x301C, 0x301C),
    (0x3030, 0x3030),
    (0x30A0, 0x30A0),
    (0x30FC, 0x30FC),
    (0xFE31, 0xFE32),
    (0xFE58, 0xFE58),
    (0xFE63, 0xFE63),
    (0xFF0D, 0xFF0D),
    (0xFF70, 0xFF70),
    (0x10D6E, 0x10D6E),
    (0x10EAD, 0x10EAD),
];

/// The zeros of every script's decimal digits (general category `Nd`); the other nine follow each of them.
const ZEROS: &[u32] = &[
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066,
    0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0,
    0x11950, 0x11BF0, 0x11C50, 0x11D50, 0x11DA0, 0x11DE0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70,
    0x1CCF0, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1FBF0,
];

/// Tells whether a character shows nothing where it stands in a text: no ink, and no white space.
pub fn is_invisible(c: char) -> bool {
    within(INVISIBLE, c)
}

/// Tells whether a character stands for a hyphen.
pub fn is_dash(c: char) -> bool {
    within(DASHES, c)
}

/// The ASCII digit that a decimal digit of any script stands for; `None` for anything else.
pub fn ascii_digit(c: char) -> Option<u8> {
    let code = u32::from(c);
    let zero = ZEROS.get(ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?)?;
    u8::try_from(code - zero).ok().filter(|value| *value <= 9).map(|value| b'0' + value)
}

fn within(ranges: &[(u32, u32)], c: char) -> bool {
    let code = u32::from(c);
    let range = ranges.get(ranges.partition_point(|(_, last)| *last < code));
    range.is_some_and(|(first, _)| *first <= code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order() {
        assert!(ZEROS.windows(2).all(|pair| pair[0] + 9 < pair[1]));
        for ranges in [INVISIBLE, DASHES] {
            assert!(ranges.iter().all(|(first, last)| first <= last));
            assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
        }
    }
}
