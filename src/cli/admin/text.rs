//! Foreign text made fit to be shown: whatever a subject, a user agent or a reason holds, it is only text.

/// Characters that move the cursor, change the direction of writing, end a line or show nothing are written out
/// (`\u{1b}`); all others stand as they are.
pub fn inert(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (n, c) in text.chars().enumerate() {
        if is_plain(c, n > 0) { shown.push(c) } else { shown.extend(c.escape_unicode()) }
    }
    shown
}

/// JSON with the same characters as its own escapes: outside of its strings there are none but line feeds.
pub fn inert_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || is_plain(c, true) {
            shown.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| shown.push_str(&format!("\\u{unit:04x}")));
        }
    }
    shown
}

/// The same for a cell of a table, which may be pasted into a spreadsheet: what one would take for a formula there is
/// text after an apostrophe. A telephone number is none.
pub fn cell(text: &str) -> String {
    let shown = inert(text);
    let of_number = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '(' | ')' | '.' | '-' | '/');
    let formula = match shown.chars().next() {
        Some('=' | '@') => true,
        Some('+' | '-') => !shown.chars().skip(1).all(of_number),
        _ => false,
    };
    if formula { format!("'{shown}") } else { shown }
}

/// What the standard library would show as it is in a string, be it behind another character; both quotes and the
/// backslash mean nothing here.
fn is_plain(c: char, follows: bool) -> bool {
    if matches!(c, '"' | '\'' | '\\') {
        return true;
    }
    let text: String = if follows { ['a', c].iter().collect() } else { c.to_string() };
    text.escape_debug().eq(text.chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_do_something_is_written_out() {
        for (text, shown) in [
            ("ann@example.com", "ann@example.com"),
            ("Änn 日本 e\u{301} 'x' \"y\" a\\b", "Änn 日本 e\u{301} 'x' \"y\" a\\b"),
            ("\u{1b}[31mred\u{1b}[0m", "\\u{1b}[31mred\\u{1b}[0m"),
            ("\n{\"type\":\"admin.unlock\"}", "\\u{a}{\"type\":\"admin.unlock\"}"),
            ("a\r\tb\u{7f}\u{9b}", "a\\u{d}\\u{9}b\\u{7f}\\u{9b}"),
            ("abc\u{202e}fed\u{2066}\u{200b}\u{2028}\u{feff}", "abc\\u{202e}fed\\u{2066}\\u{200b}\\u{2028}\\u{feff}"),
            ("\u{301}x", "\\u{301}x"),
        ] {
            assert_eq!(inert(text), shown);
        }
    }

    #[test]
    fn json_stays_json() {
        let value = serde_json::json!({"a": "c1\u{9b}31m del\u{7f} \u{202e}gnp \u{e0001} \n \"Ä\""});
        let shown = inert_json(&format!("{value:#}"));
        assert!(shown.contains("\\u009b31m") && shown.contains("Ä") && shown.lines().count() == 3, "{shown}");
        assert!(!shown.chars().any(|c| c != '\n' && !is_plain(c, true)));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn a_formula_in_a_cell_is_text() {
        for (text, shown) in [
            ("=HYPERLINK(\"http://evil.example\")", "'=HYPERLINK(\"http://evil.example\")"),
            ("=1", "'=1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("+49 (151) 123-45", "+49 (151) 123-45"),
            ("-", "-"),
            ("", ""),
        ] {
            assert_eq!(cell(text), shown);
        }
    }
}
