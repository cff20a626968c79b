//! What clients say to Redis, as its MONITOR sees it.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    sync::{Arc, Mutex},
    thread,
};

use super::{Redis, wait};

/// One command that a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// In upper case.
    pub name: String,
    /// The first argument as MONITOR quotes it; for FCALL the function.
    pub first: String,
    /// How many commands a script called meanwhile.
    pub inside: usize,
    /// All of it, as MONITOR quotes it.
    pub line: String,
}

/// Listens from [`Monitor::start`] on, until the server or the test ends.
pub struct Monitor {
    seen: Arc<Mutex<Vec<Command>>>,
    marker: redis::Connection,
}

impl Monitor {
    /// Listens to all clients of `redis` (which must be on its unix socket).
    pub fn start(redis: &Redis) -> Self {
        // Opened first, so that its greeting is not seen.
        let marker = redis.connect();
        let mut stream = UnixStream::connect(redis.dir().join("redis.sock")).expect("the socket of Redis");
        stream.write_all(b"MONITOR\r\n").expect("MONITOR");
        let mut lines = BufReader::new(stream).split(b'\n');
        let first = lines.next().expect("an answer").expect("a line");
        assert!(first.starts_with(b"+OK"), "MONITOR was refused");
        let seen = Arc::new(Mutex::new(Vec::<Command>::new()));
        let into = Arc::clone(&seen);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let (line, mut seen) = (String::from_utf8_lossy(&line), into.lock().unwrap());
                match (line.split_once("] "), seen.last_mut()) {
                    (Some((origin, _)), Some(caller)) if origin.ends_with(" lua") => caller.inside += 1,
                    _ => seen.extend(parse(&line)),
                }
            }
        });
        Self { seen, marker }
    }

    /// Takes what was seen so far, once everything that was sent before this call has been read: a marker command goes
    /// through Redis and must come out here. The marker itself is left out.
    pub fn take(&mut self) -> Vec<Command> {
        redis::cmd("ECHO").arg("end-of-part").exec(&mut self.marker).expect("ECHO");
        wait::until("the marker", wait::PATIENCE, || {
            let mut seen = self.seen.lock().unwrap();
            let end = seen.iter().position(|command| command.name == "ECHO" && command.first == "end-of-part")?;
            let later = seen.split_off(end + 1);
            let mut part = std::mem::replace(&mut *seen, later);
            part.truncate(end);
            Some(part)
        })
    }
}

/// `+1700000000.000001 [0 127.0.0.1:1234] "FCALL" "otp_3f…_send" …`
fn parse(line: &str) -> Option<Command> {
    let (_, words) = line.split_once("] ")?;
    let line = words.to_owned();
    let mut words = words.split('"').skip(1).step_by(2);
    let (name, first) = (words.next()?.to_uppercase(), words.next().unwrap_or_default().to_owned());
    Some(Command { name, first, inside: 0, line })
}

#[test]
fn commands_of_clients_are_seen_and_those_of_scripts_are_counted_with_them() {
    let redis = Redis::start();
    let mut connection = redis.connect();
    let mut monitor = Monitor::start(&redis);
    redis::cmd("EVAL").arg("return redis.call('GET', KEYS[1])").arg(1).arg("a").exec(&mut connection).unwrap();
    redis::cmd("get").arg("b").exec(&mut connection).unwrap();
    let seen = monitor.take();
    assert_eq!(seen.iter().map(|command| &*command.name).collect::<Vec<_>>(), ["EVAL", "GET"]);
    assert_eq!((seen[0].inside, seen[1].inside, &*seen[1].first), (1, 0, "b"));
}
