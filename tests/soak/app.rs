//! One app and its users: asks for codes, types right and wrong ones, alone and many at once, calls off, comes again
//! with the same `Idempotency-Key`, and keeps a book of it all.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hyper::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    book::{Asked, Book, Code, Told},
    world::Shared,
};
use crate::support::{Answer, Chance, Client, client::nth_wrong_code};

const PURPOSES: [&str; 3] = ["login", "pay", "reset"];
/// Networks of all users, so few that some get blocked.
const NETWORKS: usize = 64;
const BURST: usize = 8;
/// Where an answer is no answer, it is left in peace for so long.
const REST: Duration = Duration::from_millis(20);
const SEND: &str = "/v1/verifications";
const CHECK: &str = "/v1/verifications/check";

/// See the module.
pub struct App {
    chance: Chance,
    shared: Arc<Shared>,
    subjects: Vec<(String, Book)>,
    /// Connections of its own to each sidecar, as many as it has calls at once, and how often one was replaced by then.
    pools: [Vec<Arc<Client>>; 2],
    replaced: usize,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64
}

fn millis(rfc3339: &str) -> u64 {
    let time = humantime::parse_rfc3339(rfc3339).expect("RFC 3339");
    time.duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64
}

impl App {
    pub fn new(number: usize, subjects: usize, chance: Chance, shared: Arc<Shared>) -> Self {
        let subjects = (0..subjects).map(|n| (format!("user{number}-{n}"), Book::default())).collect();
        Self { chance, shared, subjects, pools: Default::default(), replaced: usize::MAX }
    }

    pub async fn run(mut self) {
        while !self.shared.stop.load(Ordering::Relaxed) {
            let place = self.chance.below(self.subjects.len());
            let (subject, mut book) = std::mem::take(&mut self.subjects[place]);
            if now() >= book.rests_until {
                self.turn(&subject, &mut book).await;
            }
            for violation in book.violations.drain(..) {
                self.shared.violated(format!("{subject}: {violation}"));
            }
            self.subjects[place] = (subject, book);
        }
    }

    async fn turn(&mut self, subject: &str, book: &mut Book) {
        let purpose = self.chance.pick(&PURPOSES);
        match self.chance.below(20) {
            0..=5 => self.send(subject, purpose, book).await,
            6..=9 => self.check(subject, book, &[Guess::Right]).await,
            10..=13 => self.check(subject, book, &[Guess::Wrong]).await,
            14 => {
                let mut burst = [Guess::Wrong; BURST];
                if self.chance.one_in(2) {
                    burst[self.chance.below(BURST)] = Guess::Right;
                    burst[self.chance.below(BURST)] = Guess::Right;
                }
                self.check(subject, book, &burst).await;
            }
            15 => self.check(subject, book, &[Guess::Again]).await,
            16 => self.cancel(book).await,
            17 => self.guard_failure(subject, book).await,
            18 => self.guard(subject, book).await,
            _ => self.look(subject, book).await,
        }
    }
}

// ===== the calls =====

#[derive(Debug, Clone, Copy, PartialEq)]
enum Guess {
    Right,
    Wrong,
    /// The right one twice under one `Idempotency-Key`.
    Again,
}

impl App {
    async fn send(&mut self, subject: &str, purpose: &str, book: &mut Book) {
        let known = !self.chance.one_in(10);
        let body = json!({"subject": subject, "purpose": purpose, "ip": self.network(), "subject_known": known});
        let key = self.chance.one_in(3).then(|| format!("{:016x}", self.chance.draw()));
        let first = self.post("send", SEND, &body, key.as_deref()).await;
        let mut answers = vec![first];
        if key.is_some() {
            // Answered or not, the same key asks again, on whichever sidecar.
            answers.push(self.post("send", SEND, &body, key.as_deref()).await);
        }
        let issued: Vec<_> = answers.iter().flatten().filter(|answer| answer.status == 201).collect();
        if let [first, again] = issued[..]
            && (first.str("id") != again.str("id") || again.header("idempotent-replayed") != Some("true"))
        {
            book.violations.push(format!("one key, two codes: {first:?} {again:?}"));
        }
        if let Some(sent) = issued.iter().find(|sent| sent.body["code"].is_string()) {
            let shown = sent.str("code").to_owned();
            book.note(Code {
                id: sent.str("id").into(),
                purpose: purpose.into(),
                code: known.then(|| shown.clone()),
                shown,
                expires: millis(sent.str("expires_at")),
                approved: false,
            });
        }
    }

    /// Presents codes for one of the newest verifications, all at once and over both sidecars.
    async fn check(&mut self, subject: &str, book: &mut Book, guesses: &[Guess]) {
        let back = self.chance.below(3);
        let Some(code) = book.codes.iter().nth_back(back).or(book.codes.last()).cloned() else { return };
        let mut calls = Vec::new();
        for (n, guess) in guesses.iter().enumerate() {
            let text = match guess {
                Guess::Wrong => nth_wrong_code(&code.shown, 1 + n as u64 + self.chance.below(1000) as u64),
                Guess::Right | Guess::Again => code.shown.clone(),
            };
            let mut body = json!({"id": code.id, "code": text, "ip": self.network()});
            if self.chance.one_in(3) {
                body["subject"] = subject.into();
            }
            let key = (*guess == Guess::Again).then(|| format!("{:016x}", self.chance.draw()));
            calls.push((*guess, self.client(n), body, key));
        }
        let turns = calls.into_iter().map(|(guess, client, body, key)| {
            let (shared, code) = (Arc::clone(&self.shared), code.clone());
            tokio::spawn(async move {
                let mut asked = Vec::new();
                for _ in 0..if guess == Guess::Again { 2 } else { 1 } {
                    let begin = now();
                    let answer = post(&shared, &client, "check", CHECK, &body, key.as_deref()).await;
                    let right_for = (guess != Guess::Wrong && code.code.is_some()).then(|| code.id.clone());
                    // What expired while it was compared was charged, and the lock that this may have begun stands.
                    let late = begin < code.expires && answer.as_ref().is_some_and(|said| word(said) == "expired");
                    let told = if late { Told::Unknown } else { told(answer.as_ref(), &code.id) };
                    asked.push(Asked { counts_for: code.purpose.clone(), right_for, begin, end: now(), told });
                }
                asked
            })
        });
        let turns: Vec<_> = turns.collect();
        let mut step = Vec::new();
        for turn in turns {
            step.extend(turn.await.expect("a call"));
        }
        if guesses.len() == 1 {
            step.iter().for_each(|asked| book.enter(std::slice::from_ref(asked)));
        } else {
            book.enter(&step);
        }
    }

    async fn cancel(&mut self, book: &mut Book) {
        let Some(code) = book.codes.last() else { return };
        let path = format!("{SEND}/{}/cancel", code.id);
        let client = self.client(0);
        let answer = client.try_call(Method::POST, &path, Default::default()).await.ok();
        note(&self.shared, "cancel", answer.as_ref());
    }

    async fn guard_failure(&mut self, subject: &str, book: &mut Book) {
        let body = json!({"subject": subject, "purpose": "login", "ip": self.network()});
        let begin = now();
        let answer = self.post("guard_failure", "/v1/guard/failure", &body, None).await;
        let told = match &answer {
            Some(answer) if answer.status == 200 => match answer.body["locked_until"].as_str() {
                Some(until) => Told::Locked { wrong: true, until: millis(until) },
                None => Told::Wrong,
            },
            other => told(other.as_ref(), ""),
        };
        book.enter(&[Asked { counts_for: "guard login".into(), right_for: None, begin, end: now(), told }]);
    }

    async fn guard(&mut self, subject: &str, book: &mut Book) {
        let body = json!({"subject": subject, "purpose": "login"});
        let answer = self.post("guard_success", "/v1/guard/success", &body, None).await;
        match answer.map(|answer| answer.status) {
            Some(200) => book.guard_cleared("login"),
            None | Some(503) => book.rest(now()),
            Some(_) => {}
        }
        let body = json!({"subject": subject, "purpose": "pay", "ip": self.network()});
        self.post("guard_request", "/v1/guard/request", &body, None).await;
    }

    async fn look(&mut self, subject: &str, book: &Book) {
        self.post("status", "/v1/status", &json!({"subject": subject}), None).await;
        let Some(code) = book.codes.last() else { return };
        let client = self.client(0);
        let answer = client.try_call(Method::GET, &format!("{SEND}/{}", code.id), Default::default()).await.ok();
        note(&self.shared, "get", answer.as_ref());
    }

    async fn post(&mut self, call: &str, path: &str, body: &Value, key: Option<&str>) -> Option<Answer> {
        let client = self.client(0);
        post(&self.shared, &client, call, path, body, key).await
    }

    fn network(&mut self) -> String {
        format!("198.51.100.{}", self.chance.below(NETWORKS))
    }

    /// The `n`-th connection to either sidecar.
    fn client(&mut self, n: usize) -> Arc<Client> {
        let replaced = self.shared.replaced.load(Ordering::Acquire);
        if self.replaced != replaced {
            let clients = self.shared.clients.read().unwrap().clone();
            self.pools = clients.map(|client| (0..BURST).map(|_| Arc::new(client.clone())).collect());
            self.replaced = replaced;
        }
        Arc::clone(&self.pools[self.chance.below(2)][n])
    }
}

// ===== the answers =====

async fn post(
    shared: &Shared,
    client: &Client,
    call: &str,
    path: &str,
    body: &Value,
    key: Option<&str>,
) -> Option<Answer> {
    let keyed = key.map(|key| client.clone().with_header("idempotency-key", key));
    let client = keyed.as_ref().unwrap_or(client);
    let answer = client.try_call(Method::POST, path, body.to_string().into()).await.ok();
    note(shared, call, answer.as_ref());
    if answer.as_ref().is_none_or(|answer| answer.status == 503) {
        sleep(REST).await;
    }
    answer
}

/// Counts an answer; one that is not of the contract is a violation.
fn note(shared: &Shared, call: &str, answer: Option<&Answer>) {
    let word = match answer {
        None => "no answer".to_owned(),
        Some(answer) if matches!(answer.status, 200 | 201 | 404 | 409 | 429 | 503) => word(answer),
        Some(answer) => {
            shared.violated(format!("no answer of the contract to {call}: {answer:?}"));
            answer.status.to_string()
        }
    };
    *shared.tally.lock().unwrap().entry(format!("{call} {word}")).or_default() += 1;
}

fn word(answer: &Answer) -> String {
    let field = |name: &str| answer.body[name].as_str().map(str::to_owned);
    match answer.status {
        200 => field("reason").or_else(|| field("status")).unwrap_or_else(|| "ok".into()),
        201 => "issued".into(),
        status => field("code").unwrap_or_else(|| status.to_string()),
    }
}

fn told(answer: Option<&Answer>, id: &str) -> Told {
    let Some(answer) = answer else { return Told::Unknown };
    let until = answer.body["locked_until"].as_str().map(millis);
    let replayed = answer.header("idempotent-replayed") == Some("true");
    match (answer.status, word(answer).as_str(), until) {
        (200, "approved", _) => {
            let id = answer.body["id"].as_str().unwrap_or(id).to_owned();
            Told::Approved(id, replayed)
        }
        // The same guess as before.
        (200, "wrong_code", _) if replayed => Told::Other,
        (200, "wrong_code", Some(until)) => Told::Locked { wrong: true, until },
        (200, "wrong_code", None) => Told::Wrong,
        (429, "subject_locked", Some(until)) => Told::Locked { wrong: false, until },
        (503 | 409, ..) => Told::Unknown,
        _ => Told::Other,
    }
}
