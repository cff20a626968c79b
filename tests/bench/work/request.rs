//! Requests as bytes.

use std::io::Write;

use crate::support::keys;

/// Appends a POST of `body` with the app's key, as an app on this machine sends it.
pub fn post(out: &mut Vec<u8>, path: &str, body: &[u8]) {
    // A vector takes whatever is written.
    let _ = write!(
        out,
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        keys::KEY,
        body.len()
    );
    out.extend_from_slice(body);
}

/// The address of the `n`-th user, each of whom has one to itself (of 10.0.0.0/8).
pub fn ip(n: usize) -> String {
    let [_, high, middle, low] = (n as u32).to_be_bytes();
    format!("10.{high}.{middle}.{low}")
}

/// The name of the `n`-th user.
pub fn subject(n: usize) -> String {
    format!("user{n}@example.org")
}

/// What came instead of what was meant, without the code that it may hold.
pub fn odd(status: u16, body: &[u8]) -> String {
    let word = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
    let word = |name: &str| word.get(name).and_then(|word| word.as_str()).unwrap_or_default().to_owned();
    let code = if status < 400 { word("status") } else { word("code") };
    format!("{status} {code} {}", word("reason")).trim().to_owned()
}

/// Whether `body` holds `text`, with or without a space after a colon.
pub fn holds(body: &[u8], text: &str) -> bool {
    found(body, text.as_bytes()) || found(body, text.replace(':', ": ").as_bytes())
}

fn found(body: &[u8], text: &[u8]) -> bool {
    let Some(first) = text.first() else { return true };
    body.windows(text.len()).any(|part| part[0] == *first && part == text)
}
