//! Characters by what they do in a text that people type or paste: show nothing, join groups, count.
//!
//! Unicode's properties are as [`icu_properties`] knows them. A character that a later version adds is taken for none of
//! these: it is refused in a code, and tells one subject from another.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{Dash, DefaultIgnorableCodePoint, GeneralCategory},
};

/// The only Braille pattern without a dot: no white space, and nothing to see.
const BLANK_BRAILLE: char = '\u{2800}';

/// What is typed for a hyphen and is no `Dash`: the modifier minus, the hyphen bullet, the box-drawing lines, and the
/// long-vowel marks that a Japanese keyboard gives for the same key.
const MORE_DASHES: [char; 6] = ['\u{02D7}', '\u{2043}', '\u{2500}', '\u{2501}', '\u{30FC}', '\u{FF70}'];

/// Tells whether a character shows nothing where it stands in a text: no ink, and no white space. Those are Unicode's
/// `Default_Ignorable_Code_Point`, the other format characters (general category `Cf`), and the blank Braille pattern.
pub fn is_invisible(c: char) -> bool {
    let is_ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c);
    is_ignorable || category(u32::from(c)) == GeneralCategory::Format || c == BLANK_BRAILLE
}

/// Tells whether a character stands for a hyphen: Unicode's `Dash` and a few more. The soft hyphen is invisible.
pub fn is_dash(c: char) -> bool {
    CodePointSetData::new::<Dash>().contains(c) || MORE_DASHES.contains(&c)
}

/// The ASCII digit that a decimal digit of any script (general category `Nd`) stands for; `None` for anything else. All such
/// digits stand in runs of ten from zero on, some of which follow one another (The Unicode Standard, §4.6).
pub fn ascii_digit(c: char) -> Option<u8> {
    let is_digit = |code: &u32| category(*code) == GeneralCategory::DecimalNumber;
    let code = u32::from(c);
    let before = (0..code).rev().take_while(is_digit).count() % 10;
    is_digit(&code).then_some(b'0' + before as u8)
}

fn category(code: u32) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get32(code)
}
