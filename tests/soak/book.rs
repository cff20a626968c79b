//! What one subject was told, and what must never be among it.
//!
//! Times are of this machine's clock, which Redis shares. A call's answer was decided between the call's begin and its
//! end; the book claims a violation only where it is one wherever between them that was.

use std::collections::HashMap;

use crate::support::ledger::LIMIT;

/// `OTP_LOCKOUT_MEMORY_HOURS` of the soak, and how much earlier the book forgets: it may forget first, never last.
const MEMORY_MS: u64 = 30_000;
const EARLIER_MS: u64 = 1000;
/// After an answer that never came: so long may what was asked still be on its way, or a lock that it began last.
const RESTS_MS: u64 = 8000;
/// Codes of one subject that are remembered.
const CODES: usize = 40;

/// One code that reached its app.
#[derive(Debug, Clone)]
pub struct Code {
    pub id: String,
    pub purpose: String,
    /// `None`: a decoy's, which is never right.
    pub code: Option<String>,
    pub shown: String,
    pub expires: u64,
    pub approved: bool,
}

/// What was presented.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Whose failures it adds to: a purpose, or one of the guard.
    pub counts_for: String,
    /// The id of the code that it was right for.
    pub right_for: Option<String>,
    pub begin: u64,
    pub end: u64,
    pub told: Told,
}

/// What came back.
#[derive(Debug, Clone)]
pub enum Told {
    /// With the id, and whether this is an answer that was given before.
    Approved(String, bool),
    Wrong,
    /// Wrong, or refused: locked until then.
    Locked {
        wrong: bool,
        until: u64,
    },
    /// Nothing was compared.
    Other,
    /// It may have been.
    Unknown,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Book {
    pub codes: Vec<Code>,
    wrong: HashMap<String, usize>,
    last_wrong: u64,
    locked_until: u64,
    pub rests_until: u64,
    pub violations: Vec<String>,
}

impl Book {
    pub fn note(&mut self, code: Code) {
        self.codes.push(code);
        if self.codes.len() > CODES {
            self.codes.remove(0);
        }
    }

    /// Enters what was asked at once, and what came back.
    pub fn enter(&mut self, step: &[Asked]) {
        let begin = step.iter().map(|asked| asked.begin).min().unwrap_or(0);
        if begin + EARLIER_MS >= self.last_wrong + MEMORY_MS {
            self.wrong.clear();
        }
        let mut freed = false;
        for asked in step {
            match &asked.told {
                Told::Approved(id, replayed) => {
                    self.approved(asked, id, *replayed);
                    freed = true;
                }
                Told::Wrong | Told::Locked { wrong: true, .. } => self.wrong(asked),
                _ => {}
            }
        }
        // Of calls at once nobody knows which came first, and the success of one lifts what others had reached.
        let sum = self.wrong.values().sum::<usize>();
        if sum > LIMIT && !freed {
            self.violations.push(format!("{sum} guesses were evaluated: {step:?}"));
        }
        if freed {
            self.locked_until = 0;
            match step {
                [alone] => {
                    self.wrong.remove(&alone.counts_for);
                    self.wrong.remove(&format!("guard {}", alone.counts_for));
                }
                _ => self.wrong.clear(),
            }
        }
        self.locks(step, freed);
    }

    fn approved(&mut self, asked: &Asked, id: &str, replayed: bool) {
        let mut violated = |what: &str| self.violations.push(format!("{what}: {asked:?}"));
        if asked.right_for.as_deref() != Some(id) {
            violated("a wrong code was accepted");
        }
        if !replayed && asked.end < self.locked_until {
            violated("a code was accepted while its subject was locked");
        }
        let Some(code) = self.codes.iter_mut().find(|code| code.id == id) else {
            return violated("a code was accepted that nobody got");
        };
        if code.code.is_none() {
            violated("a decoy was accepted");
        }
        if !replayed && asked.begin >= code.expires {
            violated("a code was accepted after it expired");
        }
        if code.approved && !replayed {
            violated("a code was accepted twice");
        }
        code.approved = true;
    }

    fn wrong(&mut self, asked: &Asked) {
        if asked.right_for.is_some() {
            self.violations.push(format!("the right code was called wrong: {asked:?}"));
        }
        if asked.end < self.locked_until {
            self.violations.push(format!("a guess was evaluated while locked until {}: {asked:?}", self.locked_until));
        }
        *self.wrong.entry(asked.counts_for.clone()).or_default() += 1;
        // It may have been counted long before its answer came.
        self.last_wrong = self.last_wrong.max(asked.begin);
    }

    fn locks(&mut self, step: &[Asked], freed: bool) {
        for asked in step {
            match asked.told {
                Told::Locked { until, .. } if !freed => {
                    self.locked_until = self.locked_until.max(until);
                    // A lock spends the failures that led to it.
                    self.wrong.clear();
                }
                Told::Unknown => self.rest(asked.end),
                _ => {}
            }
        }
    }

    /// The guard let its user in.
    pub fn guard_cleared(&mut self, purpose: &str) {
        self.wrong.remove(&format!("guard {purpose}"));
    }

    /// Something may have begun a lock, or lifted one, that nobody was told of: the book begins anew once that is over.
    pub fn rest(&mut self, from: u64) {
        self.rests_until = from + RESTS_MS;
        self.wrong.clear();
        self.locked_until = 0;
    }
}

#[test]
fn what_must_never_be_is_found() {
    let code = |id: &str| Code {
        id: id.into(),
        purpose: "login".into(),
        code: Some("1".into()),
        shown: "1".into(),
        expires: 100,
        approved: false,
    };
    let asked = |right: Option<&str>, begin, told| Asked {
        counts_for: "login".into(),
        right_for: right.map(str::to_owned),
        begin,
        end: begin + 1,
        told,
    };
    let approved = |begin| asked(Some("a"), begin, Told::Approved("a".into(), false));
    let found = |steps: &[Asked]| {
        let mut book = Book::default();
        book.note(code("a"));
        steps.iter().for_each(|asked| book.enter(std::slice::from_ref(asked)));
        book.violations.len()
    };
    let wrong = |begin| asked(None, begin, Told::Wrong);
    let locked = |begin| asked(None, begin, Told::Locked { wrong: true, until: 90 });
    assert_eq!(found(&[wrong(1), wrong(2), approved(3)]), 0);
    assert_eq!(found(&[approved(3), approved(4)]), 1);
    assert_eq!(found(&[approved(100)]), 1);
    assert_eq!(found(&[asked(None, 1, Told::Approved("a".into(), false))]), 1);
    assert_eq!(found(&[asked(Some("a"), 1, Told::Wrong)]), 1);
    assert_eq!(found(&[wrong(1), wrong(2), wrong(3), wrong(4), locked(5)]), 0);
    assert_eq!(found(&[wrong(1), wrong(2), wrong(3), wrong(4), wrong(5), wrong(6)]), 1);
    // The first is forgotten a while after it was counted, and not after its answer came.
    let late = Asked { end: 5000, ..wrong(1) };
    let five = [1, 2, 3, 4, 5].map(|n| wrong(MEMORY_MS + n));
    assert_eq!(found(&[&[late][..], &five].concat()), 0);
    assert_eq!(found(&[locked(5), wrong(10)]), 1);
    assert_eq!(found(&[locked(5), approved(10)]), 1);
    assert_eq!(found(&[locked(5), wrong(90)]), 0);
}
