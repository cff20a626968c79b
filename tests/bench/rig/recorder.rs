//! Between a server and its Redis: hands everything on and keeps it.

use std::{
    io::{self, Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use tempfile::TempDir;
use tokio::runtime;

use crate::support::resp;

/// What was said on one connection, each way, as it passed.
#[derive(Default)]
struct Spoken {
    commands: Mutex<Vec<u8>>,
    replies: Mutex<Vec<u8>>,
}

/// A command and its reply, as bytes.
#[derive(Clone)]
pub struct Exchange {
    pub command: Vec<u8>,
    pub reply: Vec<u8>,
}

/// See the module.
pub struct Recorder {
    dir: TempDir,
    connections: Arc<Mutex<Vec<Arc<Spoken>>>>,
}

/// Taken at once.
const CHUNK: usize = 64 * 1024;

impl Recorder {
    /// Listens before the Redis on the socket `redis`.
    pub fn start(redis: PathBuf) -> Self {
        let dir = tempfile::Builder::new().prefix("otp-bench-").tempdir().expect("a temp dir");
        let listener = UnixListener::bind(socket(dir.path())).expect("a free path");
        let recorder = Self { dir, connections: Arc::default() };
        let connections = Arc::clone(&recorder.connections);
        thread::spawn(move || {
            // Until the program ends; whoever connects has ended before.
            for server in listener.incoming().map_while(Result::ok) {
                let Ok(to) = UnixStream::connect(&redis) else { return };
                let spoken = Arc::<Spoken>::default();
                connections.lock().unwrap().push(Arc::clone(&spoken));
                let (back, forth) = (Arc::clone(&spoken), spoken);
                let (from, back_to) = (to.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
                thread::spawn(move || hand_on(server, to, &forth.commands));
                thread::spawn(move || hand_on(from, back_to, &back.replies));
            }
        });
        recorder
    }

    /// What the server's `REDIS_URL` should say.
    pub fn url(&self) -> String {
        format!("unix://{}", socket(self.dir.path()).display())
    }

    /// All commands that were answered since this was last asked, connection by connection.
    pub fn take(&self) -> Vec<Exchange> {
        let connections = self.connections.lock().unwrap();
        connections.iter().flat_map(|spoken| spoken.take()).collect()
    }
}

impl Spoken {
    fn take(&self) -> Vec<Exchange> {
        let (mut commands, mut replies) = (self.commands.lock().unwrap(), self.replies.lock().unwrap());
        let (of_commands, of_replies) = (frames(&commands), frames(&replies));
        let (mut from_command, mut from_reply) = (0, 0);
        let pair = |(command, reply): (usize, usize)| {
            let exchange = Exchange {
                command: commands[from_command..from_command + command].to_vec(),
                reply: replies[from_reply..from_reply + reply].to_vec(),
            };
            (from_command, from_reply) = (from_command + command, from_reply + reply);
            exchange
        };
        let pairs = of_commands.into_iter().zip(of_replies).map(pair).collect();
        // What is on its way belongs to the next that ask.
        commands.drain(..from_command);
        replies.drain(..from_reply);
        pairs
    }
}

fn socket(dir: &Path) -> PathBuf {
    dir.join("recorder.sock")
}

fn hand_on(mut from: UnixStream, mut to: UnixStream, kept: &Mutex<Vec<u8>>) {
    let mut chunk = vec![0; CHUNK];
    loop {
        let passed = match from.read(&mut chunk) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                kept.lock().unwrap().extend_from_slice(&chunk[..read]);
                to.write_all(&chunk[..read])
            }
            Err(error) => Err(error),
        };
        if passed.is_err() {
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// The lengths of the whole commands or replies that `said` begins with.
fn frames(said: &[u8]) -> Vec<usize> {
    let runtime = runtime::Builder::new_current_thread().build().expect("a runtime");
    let (mut rest, mut lengths) = (said, Vec::new());
    while let Ok(Some(frame)) = runtime.block_on(resp::frame(&mut rest)) {
        lengths.push(frame.len());
    }
    lengths
}
