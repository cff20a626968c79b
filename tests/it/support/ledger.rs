//! What apps were told, and what must never be among it.

use std::time::Duration;

use serde_json::Value;

use super::Answer;

/// Wrong codes before a lock, as configured by default.
pub const LIMIT: usize = 5;
/// The longest that any answer may take, but for what a hash takes: that is a matter of the machine.
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(1);

/// One code that reached its app.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    pub id: String,
    pub subject: String,
    pub code: String,
    /// Checks that let it through.
    pub approved: usize,
    /// Checks that compared another code and said so.
    pub wrong: usize,
}

/// All answers so far.
#[derive(Debug, Default)]
pub struct Ledger {
    pub entries: Vec<Entry>,
    /// Sends and checks that were begun.
    pub calls: usize,
    /// Those that ended without an answer.
    pub unanswered: usize,
    /// Those that were answered 503.
    pub unavailable: usize,
    pub slowest: Duration,
    /// What was against the contract, in words.
    pub violations: Vec<String>,
}

impl Ledger {
    /// Counts an answer, or its lack.
    pub fn note(&mut self, answer: Option<&Answer>, took: Duration) {
        self.calls += 1;
        self.slowest = self.slowest.max(took);
        match answer {
            None => self.unanswered += 1,
            Some(answer) if answer.status == 503 => self.unavailable += 1,
            Some(answer) if matches!(answer.status, 200 | 201 | 429) => {}
            Some(answer) => self.violations.push(format!("no answer of the contract: {answer:?}")),
        }
    }

    /// Judges the answer to a check of `code` against the code that it was about.
    pub fn judge(&mut self, entry: &mut Entry, code: &str, answer: &Answer) {
        if answer.body["valid"] == Value::Bool(true) {
            entry.approved += 1;
            let mut wrong = |what: &str| self.violations.push(format!("{what}: {entry:?} {code} {answer:?}"));
            if code != entry.code {
                wrong("a wrong code was accepted");
            }
            if entry.approved > 1 {
                wrong("a code was accepted twice");
            }
            if entry.wrong >= LIMIT {
                wrong("a code was accepted after the last guess");
            }
        } else if answer.body["reason"] == "wrong_code" {
            entry.wrong += 1;
            if code == entry.code {
                self.violations.push(format!("the right code was called wrong: {entry:?} {answer:?}"));
            }
            if entry.wrong > LIMIT {
                self.violations.push(format!("a guess beyond the limit was evaluated: {entry:?} {answer:?}"));
            }
        }
    }
}

#[test]
fn what_must_never_be_is_found() {
    let answer = |body: &str| Answer::new(hyper::StatusCode::OK, Default::default(), body.as_bytes());
    let approved = answer(r#"{"valid":true,"status":"approved"}"#);
    let wrong = answer(r#"{"valid":false,"status":"pending","reason":"wrong_code"}"#);
    let found = |checks: &[(&str, &Answer)]| {
        let (mut ledger, mut entry) = (Ledger::default(), Entry { code: "1".into(), ..Default::default() });
        for (code, answer) in checks {
            ledger.judge(&mut entry, code, answer);
        }
        ledger.violations.len()
    };
    assert_eq!(found(&[("2", &wrong), ("1", &approved)]), 0);
    assert_eq!(found(&[("2", &approved)]), 1);
    assert_eq!(found(&[("1", &approved), ("1", &approved)]), 1);
    assert_eq!(found(&[("2", &wrong); LIMIT + 1]), 1);
    assert_eq!(found(&[&[("2", &wrong); LIMIT][..], &[("1", &approved)]].concat()), 1);
}
