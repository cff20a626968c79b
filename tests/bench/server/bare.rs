//! hyper alone: reads a request, answers it with what never changes.

use http_body_util::BodyExt;

use super::{answer, on_one_thread, serve};

/// As long as the sidecar's answer to a send.
const ANSWER: &str = r#"{"id":"AbnqfYHo9cqUvtcKvuZmnucdF_dHihWQVfphVLyp_4gsZTzvdSYKJWRSUGhTbd2gdBeFmrtBfPCAAa8_ZaxQheTywB53aKSY-bA","status":"pending","purpose":"login","channel":"return","code":"000000","expires_at":"2026-01-01T10:05:00.123Z","expires_in":300,"resend_in":60,"sends_left":2,"attempts_left":5}"#;

/// Serves on the address that the first word is.
pub fn run(words: &[String]) {
    let address = words[0].parse().expect("an address");
    on_one_thread(serve(&address, |request| async move {
        match request.into_body().collect().await {
            Ok(_) => answer(200, ANSWER),
            Err(_) => answer(400, "{}"),
        }
    }));
}
