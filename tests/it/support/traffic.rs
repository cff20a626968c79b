//! Honest users and guessers at work in the background, whatever happens to the sidecar, with a ledger of what they are
//! told.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use hyper::Method;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use super::{
    Answer, Client,
    client::{fresh_ip, nth_wrong_code},
    ledger::{Entry, LIMIT, Ledger},
    wait,
};

const SEND: &str = "/v1/verifications";
const CHECK: &str = "/v1/verifications/check";
/// After an answer that was none. Refused apps that do not rest would only measure each other.
const REST: Duration = Duration::from_millis(10);
/// Rounds looked at again afterwards, newest first.
const AUDITED: usize = 100;

/// See the module. The test's runtime must have threads to spare.
#[derive(Debug)]
pub struct Traffic {
    stop: Arc<AtomicBool>,
    ledger: Arc<Mutex<Ledger>>,
    tasks: JoinSet<()>,
}

impl Traffic {
    /// Starts `apps` of them, every second one a guesser.
    pub fn start(client: &Client, apps: usize) -> Self {
        Self::paced(client, apps, Duration::ZERO)
    }

    /// The same, each of whom rests so long after a user.
    pub fn paced(client: &Client, apps: usize, pace: Duration) -> Self {
        let mut traffic = Self { stop: Arc::default(), ledger: Arc::default(), tasks: JoinSet::new() };
        for app in 0..apps {
            let app =
                App { client: client.clone(), ledger: traffic.ledger.clone(), stop: traffic.stop.clone(), app, pace };
            traffic.tasks.spawn(app.run());
        }
        traffic
    }

    /// Codes that reached their apps so far.
    pub fn issued(&self) -> usize {
        self.ledger.lock().unwrap().entries.len()
    }

    /// Sends and checks that were begun so far.
    pub fn calls(&self) -> usize {
        self.ledger.lock().unwrap().calls
    }

    /// Waits until so many more have.
    pub async fn wait_issued(&self, more: usize) {
        let goal = self.issued() + more;
        let reached = || async { (self.issued() >= goal).then_some(()) };
        wait::until_async("codes to be issued", wait::PATIENCE, reached).await;
    }

    /// Lets each app finish its call; answers the ledger.
    pub async fn stop(self) -> Ledger {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
        std::mem::take(&mut *self.ledger.lock().unwrap())
    }
}

/// Tries the newest codes of a ledger once more: what was used stays used, and who ran out of guesses has none.
pub async fn audit(client: &Client, ledger: &mut Ledger) {
    let mut entries = std::mem::take(&mut ledger.entries);
    for entry in entries.iter_mut().rev().take(AUDITED) {
        for code in [entry.code.clone(), nth_wrong_code(&entry.code, 77)] {
            let answer = client.check_id(&entry.id, &code).await;
            ledger.judge(entry, &code, &answer);
        }
    }
    ledger.entries = entries;
}

struct App {
    client: Client,
    ledger: Arc<Mutex<Ledger>>,
    stop: Arc<AtomicBool>,
    app: usize,
    pace: Duration,
}

impl App {
    async fn run(self) {
        for turn in 0.. {
            let subject = format!("app{}-{turn}", self.app);
            let Some(mut entry) = self.issued(&subject).await else { return };
            // One who guesses tries more often than is allowed, and then the right code.
            let wrong = if self.app % 2 == 1 { LIMIT + 3 } else { 1 };
            for n in 1..=wrong as u64 {
                let guess = nth_wrong_code(&entry.code, n);
                self.check(&mut entry, &guess).await;
            }
            for _ in 0..2 {
                let code = entry.code.clone();
                self.check(&mut entry, &code).await;
            }
            self.ledger.lock().unwrap().entries.push(entry);
            sleep(self.pace).await;
        }
    }

    /// Asks for a code until one comes.
    async fn issued(&self, subject: &str) -> Option<Entry> {
        while !self.stop.load(Ordering::Relaxed) {
            let answer = self.call(SEND, json!({"subject": subject, "ip": fresh_ip()})).await;
            if let Some(answer) = answer.filter(|answer| answer.status == 201) {
                let text = |name: &str| answer.str(name).to_owned();
                let (id, code) = (text("id"), text("code"));
                return Some(Entry { id, code, subject: subject.into(), ..Entry::default() });
            }
        }
        None
    }

    async fn check(&self, entry: &mut Entry, code: &str) {
        if self.stop.load(Ordering::Relaxed) {
            return;
        }
        let body = json!({"id": entry.id, "subject": entry.subject, "code": code, "ip": fresh_ip()});
        if let Some(answer) = self.call(CHECK, body).await {
            self.ledger.lock().unwrap().judge(entry, code, &answer);
        }
    }

    async fn call(&self, path: &str, body: Value) -> Option<Answer> {
        let start = Instant::now();
        let answer = self.client.try_call(Method::POST, path, body.to_string().into()).await.ok();
        self.ledger.lock().unwrap().note(answer.as_ref(), start.elapsed());
        if answer.as_ref().is_none_or(|answer| answer.status == 503) {
            sleep(REST).await;
        }
        answer
    }
}
