//! Bodies of every call: read without a panic, understood as another parser understands them, and nothing is granted
//! while there is no store.

use otp_sidecar::http::{Fields, json};

use super::{
    Try,
    bench::{Bench, Call},
    choice::Choice,
};

pub const WORDS: &[&str] = &[
    "\"subject\":",
    "\"purpose\":",
    "\"ip\":",
    "\"code\":",
    "\"id\":",
    "\"subject_known\":",
    "\"channel\":\"return\"",
    "\"consent\":\"full\"",
    "\"to\":",
    "\"device_id\":",
    "\"user_agent\":",
    "\"locale\":",
    "\"device_token\":",
    "\"198.51.100.7\"",
    "\"2001:db8::1\"",
    "\"ada\"",
    "\"000000\"",
    "true",
    "null",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"outcome\":\"failed\"",
    "\"reason\":\"not_me\"",
    "\"detail\":",
    "\\u0000",
    "\\ud800",
    "1e999",
    "-0",
    "\"login\"",
    "\u{feff}",
    "[]",
    "\"12-34\u{a0}56\"",
    "\"\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\"",
    "\"64:ff9b::c633:6407\"",
    "\\u0061",
];

pub fn start() -> Try {
    // Never examined, so that no call leaves the process.
    let bench = Bench::new("redis://127.0.0.1:1", false);
    Box::new(move |data| {
        let mut choice = Choice(data);
        let call = Call::ALL[choice.below(Call::ALL.len())];
        let body = choice.0;
        let (status, answer) = bench.call(call, &String::from_utf8_lossy(body), body);
        assert!(matches!(status, 200 | 400 | 404 | 422 | 503), "{status} {answer}");
        // An id that is none of ours is answered without the store: there is no such code.
        assert!(status != 200 || (call == Call::Check && answer["reason"] == "not_found"), "{call:?} {answer}");
        assert!(answer["valid"] != true, "{answer}");
        if json::read(body).is_ok() {
            let other = serde_json::from_slice::<serde_json::Value>(body);
            let Ok(other) = other else { panic!("read here, and not by another parser: {}", body.escape_ascii()) };
            says_the_same(body, &other);
        } else if !matches!(call, Call::Get) {
            assert!(status == 400 || body.trim_ascii().is_empty(), "{status} {answer}");
        }
    })
}

/// What another parser wrote anew, with its fields in another order and other white space, says the same.
fn says_the_same(body: &[u8], other: &serde_json::Value) {
    let Ok(fields) = Fields::parse(body, &[]) else { return };
    let anew = serde_json::to_vec_pretty(other).unwrap();
    let content = Fields::parse(&anew, &[]).unwrap().content(&[]);
    assert!(fields.content(&[]) == content, "{}", body.escape_ascii());
}
