//! What tests ask Redis themselves, past the sidecar and with all rights. Over several primaries each question goes to the
//! one that holds its key, and one without a key to all of them.

use std::path::{Path, PathBuf};

use redis::{Client, Cmd, Commands, Connection, FromRedisValue, ScanOptions, Value};

use super::Redis;

impl Redis {
    /// A blocking connection to the only server.
    #[track_caller]
    pub fn connect(&self) -> Connection {
        let [socket] = &self.sockets()[..] else { panic!("several primaries: connect to that of a key") };
        open(socket)
    }

    /// A blocking connection to the server that holds this key.
    #[track_caller]
    pub fn connect_to(&self, key: impl AsRef<[u8]>) -> Connection {
        let sockets = self.sockets();
        match &sockets[..] {
            [only] => open(only),
            several => {
                several.iter().map(|socket| open(socket)).find_map(|to| holds(to, key.as_ref())).expect("a holder")
            }
        }
    }

    /// Runs one command.
    #[track_caller]
    pub fn cli(&self, command: &[&str]) -> Value {
        self.ask(command)
    }

    /// Runs one command and reads its answer as `T`; that of the first server, where it went to several.
    #[track_caller]
    pub fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let mut cmd = Cmd::new();
        cmd.arg(command);
        self.run(&cmd).unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// Runs `verb key rest…` for a key of whatever bytes, and reads its answer as `T`.
    #[track_caller]
    pub fn ask_key<T: FromRedisValue>(&self, verb: &str, key: &[u8], rest: &[&str]) -> T {
        let mut cmd = redis::cmd(verb);
        cmd.arg(key).arg(rest);
        self.run(&cmd).unwrap_or_else(|error| panic!("{verb} {}: {error}", key.escape_ascii()))
    }

    /// One field of `INFO section`, of the first server.
    #[track_caller]
    pub fn info(&self, section: &str, field: &str) -> String {
        let info: String = self.ask(&["INFO", section]);
        let found = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        found.unwrap_or_else(|| panic!("INFO {section} without {field}")).to_owned()
    }

    /// Every key there is. Names are bytes, not text.
    #[track_caller]
    pub fn keys(&self) -> Vec<Vec<u8>> {
        self.scan(ScanOptions::default)
    }

    /// The keys of all outboxes.
    #[track_caller]
    pub fn streams(&self) -> Vec<Vec<u8>> {
        let streams = self.scan(|| ScanOptions::default().with_type("stream"));
        streams.into_iter().filter(|key| key.ends_with(b":events")).collect()
    }

    /// Begins the next epoch wherever there is an outbox, as after a failover that may have lost writes.
    #[track_caller]
    pub fn raise_epochs(&self) {
        for stream in self.streams() {
            let epoch = String::from_utf8(stream).expect("a readable name").replace(":events", ":epoch");
            self.cli(&["INCR", &epoch]);
        }
    }

    #[track_caller]
    fn scan(&self, options: impl Fn() -> ScanOptions) -> Vec<Vec<u8>> {
        let of = |socket: &PathBuf| -> Vec<Vec<u8>> {
            let mut connection = open(socket);
            let keys = connection.scan_options(options().with_count(1000)).expect("SCAN");
            keys.map(|key| key.expect("a key's name")).collect()
        };
        self.sockets().iter().flat_map(of).collect()
    }

    fn run<T: FromRedisValue>(&self, cmd: &Cmd) -> redis::RedisResult<T> {
        let sockets = self.sockets();
        if sockets.len() == 1 {
            return cmd.query(&mut self.connect());
        }
        let mut asking = redis::cmd("COMMAND");
        asking.arg("GETKEYS");
        cmd.args_iter().for_each(|arg| match arg {
            redis::Arg::Simple(word) => drop(asking.arg(word)),
            _ => panic!("a command of words alone"),
        });
        let keys: Vec<Vec<u8>> = asking.query(&mut open(&sockets[0])).unwrap_or_default();
        if let Some(key) = keys.first() {
            return cmd.query(&mut self.connect_to(key));
        }
        let answers: redis::RedisResult<Vec<Value>> =
            sockets.iter().map(|socket| cmd.query(&mut open(socket))).collect();
        Ok(redis::from_redis_value(answers?.swap_remove(0))?)
    }
}

#[track_caller]
fn open(socket: &Path) -> Connection {
    let client = Client::open(format!("unix://{}", socket.display()));
    client.and_then(|client| client.get_connection()).expect("a connection to Redis")
}

/// The connection, if the key's slot is its server's: others would say where it has moved.
fn holds(mut to: Connection, key: &[u8]) -> Option<Connection> {
    let asked = redis::cmd("EXISTS").arg(key).query::<u64>(&mut to);
    match asked {
        Ok(_) => Some(to),
        Err(error) if error.code() == Some("MOVED") => None,
        Err(error) => panic!("EXISTS {}: {error}", key.escape_ascii()),
    }
}
