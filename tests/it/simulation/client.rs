//! An app at work, and an operator beside it: turn after turn of the plan, each with what was answered in the history.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use hyper::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    history::{Asked, Call, Told, What, now},
    plan::{IPS, PURPOSES, SIDECARS, SUBJECTS, Step, Turn},
};
use crate::support::{Answer, Client, keys};

/// `OTP_ALPHABET`: letters, so that no number looks like a code by chance.
pub const ALPHABET: &str = "BCDFGHJKLMNPQRSTVWXZ";
/// `OTP_LENGTH`: so long that no other text does.
pub const LENGTH: usize = 12;
/// After an answer that was none, and before the same key is tried once more.
const REST: Duration = Duration::from_millis(20);
/// So often is a key tried.
const TRIES: usize = 3;

/// A code that reached an app.
#[derive(Debug, Clone)]
struct Known {
    id: String,
    code: String,
}

/// What all clients share.
#[derive(Debug)]
pub struct Shared {
    /// The app's and the operator's way to each sidecar, which stays the same when it starts anew.
    pub ways: Vec<(Client, Client)>,
    pub stop: AtomicBool,
    /// Calls that are over.
    pub done: AtomicUsize,
    begun: AtomicUsize,
    pub calls: Mutex<Vec<Call>>,
    known: Mutex<BTreeMap<(usize, usize), Vec<Known>>>,
}

impl Shared {
    /// Before the first call.
    pub fn new(ways: Vec<(Client, Client)>) -> Self {
        Self {
            ways,
            stop: AtomicBool::new(false),
            done: AtomicUsize::new(0),
            begun: AtomicUsize::new(0),
            calls: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// The code of so many sends ago.
    fn code(&self, turn: &Turn, back: usize) -> Option<Known> {
        let known = self.known.lock().unwrap();
        let of = known.get(&(turn.subject, turn.purpose))?;
        of.iter().nth_back(back).or(of.first()).cloned()
    }

    fn learn(&self, turn: &Turn, call: &Call) {
        if let Told::Issued { id, code: Some(code), .. } = &call.told {
            let mut known = self.known.lock().unwrap();
            let of = known.entry((turn.subject, turn.purpose)).or_default();
            if !of.iter().any(|known| known.id == *id) {
                of.push(Known { id: id.clone(), code: code.clone() });
            }
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct App {
    shared: Arc<Shared>,
    /// Connections of its own.
    ways: Vec<(Client, Client)>,
    number: usize,
    keys: usize,
}

impl App {
    /// One of several.
    pub fn new(number: usize, shared: Arc<Shared>) -> Self {
        let ways = shared.ways.clone();
        Self { shared, ways, number, keys: 0 }
    }

    /// Takes turns until it is told to stop.
    pub async fn run(mut self, turns: impl Iterator<Item = Turn>) {
        for turn in turns {
            if self.shared.stop.load(Ordering::Relaxed) {
                return;
            }
            self.turn(&turn).await;
            sleep(Duration::from_millis(turn.rest_ms)).await;
        }
    }

    async fn turn(&mut self, turn: &Turn) {
        let Some((asked, path, body)) = self.request(turn) else { return };
        let mut sidecar = turn.sidecar;
        for attempt in 1..=TRIES {
            let call = self.call(sidecar, asked.clone(), &path, &body).await;
            let unknown = matches!(call.told, Told::Unknown(_));
            self.shared.learn(turn, &call);
            self.shared.calls.lock().unwrap().push(call);
            self.shared.done.fetch_add(1, Ordering::Relaxed);
            let once_more = turn.key && (unknown || (turn.again && attempt == 1));
            if unknown {
                sleep(REST).await;
            }
            if !once_more || self.shared.stop.load(Ordering::Relaxed) {
                return;
            }
            sidecar = (sidecar + 1) % SIDECARS;
        }
    }

    /// What is asked, where, and in which words; `None` where there is nothing to ask about yet.
    fn request(&mut self, turn: &Turn) -> Option<(Asked, String, Value)> {
        const VERIFICATIONS: &str = "/v1/verifications";
        let (subject, purpose, ip) = (SUBJECTS[turn.subject], PURPOSES[turn.purpose], IPS[turn.ip]);
        let mut asked = Asked {
            what: What::Send,
            subject: subject.to_owned(),
            purpose,
            ip: ip.to_owned(),
            id: None,
            code: None,
            key: turn.key.then(|| self.key()),
        };
        let whom = json!({"subject": subject, "purpose": purpose, "ip": ip});
        let operator = json!({"subject": subject, "tenant": keys::TENANT, "reason": "simulated"});
        let (path, body) = match turn.step {
            Step::Send => (VERIFICATIONS.to_owned(), whom),
            Step::Check { back, off, by_subject } => {
                let known = self.shared.code(turn, back)?;
                let code = other_code(&known.code, off);
                let mut body = whom;
                body["code"] = code.clone().into();
                if !by_subject {
                    body["id"] = known.id.clone().into();
                }
                asked.id = (!by_subject).then_some(known.id);
                (asked.what, asked.code) = (What::Check, Some(code));
                (format!("{VERIFICATIONS}/check"), body)
            }
            Step::Cancel | Step::Report => {
                let known = self.shared.code(turn, 0)?;
                let (what, word, body) = match turn.step {
                    Step::Cancel => (What::Cancel, "cancel", Value::Null),
                    _ => (What::Report, "report", json!({"reason": "not_me"})),
                };
                let path = format!("{VERIFICATIONS}/{}/{word}", known.id);
                (asked.what, asked.id) = (what, Some(known.id));
                (path, body)
            }
            Step::Request => (guard(&mut asked, What::Request, "request"), whom),
            Step::Failure => (guard(&mut asked, What::Failure, "failure"), whom),
            Step::Success => {
                (guard(&mut asked, What::Success, "success"), json!({"subject": subject, "purpose": purpose}))
            }
            Step::Status => {
                asked.what = What::Status;
                ("/v1/status".to_owned(), json!({"subject": subject, "purpose": purpose}))
            }
            Step::Lock => {
                asked.what = What::Lock;
                let mut body = operator;
                body["minutes"] = 1.into();
                ("/admin/v1/lock".to_owned(), body)
            }
            Step::Unlock => {
                asked.what = What::Unlock;
                ("/admin/v1/unlock".to_owned(), operator)
            }
        };
        Some((asked, path, body))
    }

    async fn call(&mut self, sidecar: usize, asked: Asked, path: &str, body: &Value) -> Call {
        let n = self.shared.begun.fetch_add(1, Ordering::Relaxed);
        let (app, operator) = &mut self.ways[sidecar];
        let way = if path.starts_with("/admin") { operator } else { app };
        // The connection goes along where nothing but the number of the request is another.
        let numbered = std::mem::replace(way, way.clone()).with_header("x-request-id", &format!("sim-{n}"));
        let keyed = asked.key.as_ref().map(|key| numbered.clone().with_header("idempotency-key", key));
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let start = now();
        let answer = keyed.as_ref().unwrap_or(&numbered).try_call(Method::POST, path, text.into()).await;
        let end = now();
        *way = numbered;
        let replayed = answer.as_ref().is_ok_and(|answer| answer.header("idempotent-replayed") == Some("true"));
        let told = told(asked.what, answer);
        Call { n, sidecar, start, end, asked, told, replayed }
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("key-{}-{}", self.number, self.keys)
    }
}

fn guard(asked: &mut Asked, what: What, word: &str) -> String {
    asked.what = what;
    format!("/v1/guard/{word}")
}

/// The code that is `off` further on, counted in the alphabet; itself for 0.
fn other_code(code: &str, off: u64) -> String {
    let letters: Vec<char> = ALPHABET.chars().collect();
    let (mut rest, base) = (off as usize, letters.len());
    let mut shifted: Vec<char> = code.chars().collect();
    for place in shifted.iter_mut().rev() {
        let at = letters.iter().position(|letter| letter == place).expect("a letter of the alphabet") + rest;
        *place = letters[at % base];
        rest = at / base;
    }
    shifted.into_iter().collect()
}

fn told(what: What, answer: io::Result<Answer>) -> Told {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Told::Unknown(error.to_string()),
    };
    let text = |name: &str| answer.body[name].as_str().map(str::to_owned);
    let word = || text("reason").or_else(|| text("status")).or_else(|| text("code")).unwrap_or_default();
    let until = || text("locked_until").map(|until| micros(&until));
    match (what, answer.status) {
        (_, 503 | 409) => Told::Unknown(word()),
        (_, 429) => Told::Nothing(word()),
        (What::Cancel | What::Report, 404) => Told::Nothing("404".into()),
        (What::Send, 201) => {
            Told::Issued { id: answer.str("id").into(), code: text("code"), expires: micros(answer.str("expires_at")) }
        }
        (What::Check, 200) if answer.body["valid"] == true => Told::Approved(answer.str("id").into()),
        (What::Check, 200) if word() == "wrong_code" => Told::Wrong(until()),
        (What::Check | What::Status, 200) => Told::Nothing(word()),
        (What::Cancel, 200) if word() == "canceled" => Told::Canceled,
        (What::Cancel, 200) => Told::Nothing(word()),
        (What::Report, 204) => Told::Canceled,
        (What::Request, 200) => Told::Requested,
        (What::Failure, 200) => Told::Wrong(until()),
        (What::Success, 200) => Told::Cleared,
        (What::Lock, 200) => until().map_or_else(|| Told::Odd(answer.text.clone()), Told::Locked),
        (What::Unlock, 200) => Told::Unlocked,
        (_, status) => Told::Odd(format!("{status} {}", answer.text)),
    }
}

fn micros(rfc3339: &str) -> u64 {
    let time = humantime::parse_rfc3339(rfc3339).expect("RFC 3339");
    time.duration_since(UNIX_EPOCH).expect("after 1970").as_micros() as u64
}

#[test]
fn another_code_is_one_of_the_same_alphabet_and_never_the_same() {
    assert_eq!(other_code("BCD", 0), "BCD");
    assert_eq!(other_code("BCD", 1), "BCF");
    assert_eq!(other_code("BCZ", 1), "BDB");
    assert_eq!(other_code("ZZZ", 1), "BBB");
}
