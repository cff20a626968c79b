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
