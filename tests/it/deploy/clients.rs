//! The clients to copy, in `deploy/examples/python` and `deploy/examples/node`, against a running sidecar.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use super::daemon::{deployed, read};
use crate::support::{Address, Rig, keys, process, wrong_code_than};

/// A client with what starts it and drives it.
#[derive(Debug, Clone, Copy)]
struct Language {
    program: &'static str,
    driver: &'static str,
    client: &'static str,
}

const LANGUAGES: [Language; 2] = [
    Language { program: "python3", driver: "drive.py", client: "examples/python/otp.py" },
    Language { program: "node", driver: "drive.mjs", client: "examples/node/otp.mjs" },
];

const IP: &str = "203.0.113.7";
const DOWN: &str = "Codes cannot be sent or checked right now. Try again in a moment.";

/// A program of one user's session that calls the client.
struct App {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl App {
    fn start(language: Language, sidecar: &str, key: &str) -> Self {
        let root = env!("CARGO_MANIFEST_DIR");
        let mut child = process::command(language.program)
            .arg(format!("{root}/tests/it/deploy/clients/{}", language.driver))
            .arg(deployed(language.client).parent().unwrap())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // A proxy of the environment must not come between.
            .env("http_proxy", "http://127.0.0.1:9")
            .envs([("OTP_URL", sidecar), ("OTP_KEY", key), ("PYTHONDONTWRITEBYTECODE", "1")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; `make test-deps` installs it", language.program));
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, to, from }
    }

    fn call(&mut self, name: &str, with: Value) -> Value {
        writeln!(self.to, "{}", json!({"call": name, "with": with})).unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{name}: {error}: {line}"))
    }

    /// The code that `user` is sent.
    #[track_caller]
    fn send(&mut self, user: &str) -> String {
        let answer = self.call("send", json!(["login", user, IP]));
        answer["ok"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    fn check(&mut self, code: &str) -> Value {
        self.call("check", json!(["login", code, IP]))
    }
}

impl Drop for App {
    fn drop(&mut self) {
        process::kill(&mut self.child);
    }
}

#[track_caller]
fn refused(answer: &Value, words: &str) {
    assert!(answer["refused"].as_str().is_some_and(|said| said.contains(words)), "{answer}, not {words}");
}

fn url(rig: &Rig) -> String {
    format!("http://{}", rig.sidecar.app().host())
}

/// What a proxy answers in the place of a sidecar that it lost; nothing where there is none.
const PAGES: [&str; 3] = ["", "502 Bad Gateway", "504 Gateway Timeout"];

/// Carries connections to a sidecar, and closes as many in place of their answer as `lost` says, with a `page` if there is one.
fn wire(to: SocketAddr, page: &'static str, lost: &Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, lost) = (listener.local_addr().unwrap(), Arc::clone(lost));
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (server, lost) = (TcpStream::connect(to).unwrap(), Arc::clone(&lost));
            let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut up, &mut down));
            thread::spawn(move || carry_answers(server, client, page, &lost));
        }
    });
    address
}

/// What arrives here was decided, whether or not it is passed on.
fn carry_answers(mut server: TcpStream, mut client: TcpStream, page: &str, lost: &AtomicUsize) {
    let mut bytes = [0; 4096];
    while let Ok(read) = server.read(&mut bytes) {
        let cut = || lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |lost| lost.checked_sub(1)).is_ok();
        if read > 0 && cut() {
            if !page.is_empty() {
                let _ = write!(client, "HTTP/1.1 {page}\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>");
            }
            break;
        }
        if read == 0 || client.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    for side in [server, client] {
        let _ = side.shutdown(Shutdown::Both);
    }
}

#[test]
fn a_code_goes_from_send_to_success_and_each_refusal_has_words_for_the_user() {
    for language in LANGUAGES {
        let rig = Rig::start(&[]);
        let mut app = App::start(language, &url(&rig), keys::KEY);
        refused(&app.check("123456"), "Ask for a code first.");
        let code = app.send("ann@example.com");
        refused(&app.call("send", json!(["login", "ann@example.com", IP])), "before asking for another code");
        refused(&app.check("12"), "as it was sent");
        refused(&app.check(&wrong_code_than(&code)), "That code is wrong. Attempts left: 4.");
        assert_eq!(app.check(&code), json!({"ok": "ann@example.com", "kept": false}));
        refused(&app.check(&code), "Ask for a code first.");

        let code = app.send("bob@example.com");
        for left in (1..5).rev() {
            refused(&app.check(&wrong_code_than(&code)), &format!("Attempts left: {left}."));
        }
        refused(&app.check(&wrong_code_than(&code)), "Too many wrong codes. Try again later.");
        // The right one neither, and in the sidecar's words.
        refused(&app.check(&code), "Too many wrong codes. Try again in 15 minutes.");
    }
}

#[tokio::test]
async fn nobody_is_sent_a_decoy_and_it_looks_the_same() {
    for language in LANGUAGES {
        let rig = Rig::start(&[]);
        let mut app = App::start(language, &url(&rig), keys::KEY);
        let answer = app.call("send", json!(["login", "nobody@example.com", IP, false]));
        assert_eq!(answer, json!({"ok": null, "kept": true}));
        refused(&app.check("123456"), "That code is wrong. Attempts left: 4.");
        assert_eq!(rig.metrics().await.value("otp_decoys_total", &[]), 1.0);
    }
}

#[test]
fn a_mistake_of_the_program_is_no_refusal() {
    for language in LANGUAGES {
        let rig = Rig::start(&[]);
        let mut app = App::start(language, &url(&rig), keys::KEY);
        let answer = app.call("send", json!(["No such purpose", "ann@example.com", IP]));
        assert!(answer["mistake"].as_str().is_some_and(|said| said.contains("invalid_field")), "{answer}");
        let mut app = App::start(language, &url(&rig), "not-the-key");
        let answer = app.call("send", json!(["login", "ann@example.com", IP]));
        assert!(answer["mistake"].as_str().is_some_and(|said| said.contains("unauthenticated")), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_answer_was_lost_is_repeated_and_counts_once() {
    for (language, page) in LANGUAGES.into_iter().flat_map(|language| PAGES.map(|page| (language, page))) {
        let rig = Rig::start(&[]);
        let Address::Tcp(sidecar) = rig.sidecar.app() else { panic!("not TCP") };
        let lost = Arc::new(AtomicUsize::new(1));
        let mut app = App::start(language, &format!("http://{}", wire(*sidecar, page, &lost)), keys::KEY);
        let code = app.send("ann@example.com");
        let status = rig.client.status("ann@example.com").await;
        assert_eq!(status["requests_last_hour"], 1, "{status}");
        // The right code was used by the call whose answer is lost, and lets in all the same.
        lost.store(1, Ordering::SeqCst);
        assert_eq!(app.check(&code), json!({"ok": "ann@example.com", "kept": false}));
        assert_eq!(lost.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn nobody_is_let_in_while_nothing_can_be_decided() {
    thread::scope(|scope| {
        for language in LANGUAGES {
            scope.spawn(move || {
                let mut rig = Rig::start(&[]);
                let mut app = App::start(language, &url(&rig), keys::KEY);
                let code = app.send("ann@example.com");
                rig.redis.kill();
                refused(&app.check(&code), DOWN);
                rig.sidecar.kill();
                refused(&app.check(&code), DOWN);
            });
        }
    });
}

/// Small enough to read before it is copied.
#[test]
fn each_client_is_one_file_of_at_most_35_lines() {
    for language in LANGUAGES {
        let lines = read(language.client).lines().filter(|line| !line.trim().is_empty()).count();
        assert!(lines <= 35, "{}: {lines}", language.client);
    }
}
