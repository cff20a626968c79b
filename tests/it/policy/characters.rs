//! Characters that people type and paste, beside what another program knows of them.

use std::process::Command;

use otp_sidecar::policy::characters::{ascii_digit, is_dash, is_invisible};

/// What this machine's Python knows of a general category, as lines of hexadecimal code point and decimal value. Its
/// Unicode may be older than the tables, so that they are held to know at least as much.
fn known_to_python(category: &str) -> Vec<(char, u8)> {
    let script = "import sys, unicodedata as u\n\
                  for c in map(chr, range(0x110000)):\n if u.category(c) == sys.argv[1]: print('%x' % ord(c), u.decimal(c, 0))";
    let done = Command::new("python3").args(["-c", script, category]).output().expect("python3");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let line = |line: &str| {
        let (code, value) = line.split_once(' ').unwrap();
        (char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap(), value.parse().unwrap())
    };
    String::from_utf8(done.stdout).unwrap().lines().map(line).collect()
}

#[test]
fn every_decimal_digit_that_python_knows_has_its_value() {
    let digits = known_to_python("Nd");
    assert!(digits.len() >= 650, "{}", digits.len());
    for (c, value) in digits {
        assert_eq!(ascii_digit(c), Some(b'0' + value), "{:x}", u32::from(c));
    }
}

#[test]
fn every_dash_and_every_format_character_that_python_knows_is_one() {
    assert!(known_to_python("Pd").into_iter().all(|(c, _)| is_dash(c)));
    assert!(known_to_python("Cf").into_iter().all(|(c, _)| is_invisible(c)));
}

#[test]
fn nothing_else_is_a_digit_a_dash_or_invisible() {
    let none = [' ', 'a', 'Z', '/', ':', '_', '.', '²', '①', '½', 'Ⅷ', '五', '\u{e000}', '\u{10ffff}'];
    for c in none {
        assert!(ascii_digit(c).is_none() && !is_dash(c) && !is_invisible(c), "{c:?}");
    }
    assert_eq!(char::from_u32(0x1FBF9).and_then(ascii_digit), Some(b'9'));
    assert_eq!(char::from_u32(0x1FBFA).and_then(ascii_digit), None);
}
