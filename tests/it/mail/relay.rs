//! A relay of the test's own (`relay.py`, on aiosmtpd), and the mails that it was given.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{
    Identity, process,
    wait::{self, PATIENCE},
};

/// Where `deploy/install-deps.sh tests` puts what it is made of.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/mail/bin/python");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mail/relay.py");

/// A relay that runs.
#[derive(Debug)]
pub struct Relay {
    child: Child,
    port: u16,
    lines: Arc<Mutex<Vec<Value>>>,
    /// How often it answered that it has said all.
    said_all: Arc<AtomicU64>,
}

/// A mail as the relay got it.
#[derive(Debug, Clone)]
pub struct Mail {
    /// What else the relay noted.
    pub noted: Value,
    /// Headers, unfolded.
    pub headers: Vec<String>,
    /// What follows them, as it came.
    pub body: String,
}

impl Relay {
    /// In the clear.
    pub fn plain() -> Self {
        Self::start(&["plain"])
    }

    /// `tls` or `starttls`, for whoever says this name and password.
    pub fn secure(mode: &str, identity: &Identity, user: &str, password: &str) -> Self {
        let path = |path: &std::path::Path| path.display().to_string();
        Self::start(&[mode, &path(&identity.cert), &path(&identity.key), user, password])
    }

    pub fn start(words: &[&str]) -> Self {
        let mut command = process::command(PYTHON);
        command.arg(SCRIPT).args(words).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python; `deploy/install-deps.sh tests` installs it");
        let mut out = BufReader::new(child.stdout.take().expect("its stdout"));
        let mut port = String::new();
        out.read_line(&mut port).expect("a line");
        let lines = Arc::<Mutex<Vec<Value>>>::default();
        let said_all = Arc::<AtomicU64>::default();
        let (kept, all) = (Arc::clone(&lines), Arc::clone(&said_all));
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if line == "all" {
                    all.fetch_add(1, Ordering::SeqCst);
                } else {
                    kept.lock().unwrap().push(serde_json::from_str(&line).expect("JSON"));
                }
            }
        });
        Self { child, port: port.trim().parse().expect("a port"), lines, said_all }
    }

    /// A URL of it.
    pub fn url(&self, scheme: &str, login: &str) -> String {
        format!("{scheme}://{login}127.0.0.1:{}", self.port)
    }

    /// What makes a sidecar deliver by it in the clear.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("OTP_DELIVERY_URL__EMAIL", self.url("smtp+plain", "")),
            ("OTP_DELIVERY_FROM", "Shop <no-reply@shop.example>".into()),
        ]
    }

    /// What is done while it answers nobody.
    pub fn held<T>(&self, meanwhile: impl FnOnce() -> T) -> T {
        process::signal(&self.child, Signal::STOP);
        let done = meanwhile();
        process::signal(&self.child, Signal::CONT);
        done
    }

    /// All that it was told so far: what it took before this is in it, however late its words are read.
    pub fn noted(&self) -> Vec<Value> {
        let before = self.said_all.load(Ordering::SeqCst);
        process::signal(&self.child, Signal::USR1);
        let said = || (self.said_all.load(Ordering::SeqCst) > before).then_some(());
        wait::until("the relay to have said all", PATIENCE, said);
        self.lines.lock().unwrap().clone()
    }

    /// The mails to this address so far.
    pub fn mails(&self, to: &str) -> Vec<Mail> {
        let to_it = |noted: &Value| noted["to"] == to && noted["content"] != "";
        self.noted().into_iter().filter(to_it).map(Mail::read).collect()
    }

    /// The mails to this address, once there are so many.
    #[track_caller]
    pub fn wait_mails(&self, to: &str, n: usize) -> Vec<Mail> {
        wait::until(&format!("{n} mails to {to}"), PATIENCE, || Some(self.mails(to)).filter(|mails| mails.len() >= n))
    }
}

impl Mail {
    fn read(noted: Value) -> Self {
        let content = noted["content"].as_str().expect("text").replace("\r\n", "\n");
        let (head, body) = content.split_once("\n\n").expect("a head and a body");
        let headers = head.replace("\n ", " ").lines().map(str::to_owned).collect();
        Self { headers, body: body.to_owned(), noted }
    }

    /// The value of a header.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let start = format!("{name}: ");
        self.headers.iter().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("{name}: {self:?}"))
    }

    /// The code that its subject begins with.
    pub fn code(&self) -> &str {
        self.header("Subject").split(' ').next().expect("a word")
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        process::kill(&mut self.child);
    }
}
