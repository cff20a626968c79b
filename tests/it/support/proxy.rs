//! A wire of ours between a sidecar and its Redis, which can be damaged while it is in use.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::BufReader,
    net::{TcpListener, TcpStream, UnixStream},
    runtime::Runtime,
    sync::watch,
};

use super::{Redis, redis::user, wire};

/// What is wrong with the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Each command reaches Redis this much later, also one that nobody waits for any more.
    Delay(Duration),
    /// Of each connection one script after the other reaches Redis, with this much time between.
    Pace(Duration),
    /// Connections are reset, those that are open and those that come.
    Reset,
    /// Connections are accepted and read, and nothing answers. One that lived through this is dead for good.
    HalfOpen,
    /// Every so-many-th script runs, and its connection breaks in place of the answer.
    Cut(usize),
    /// Every so-many-th script runs, and neither its answer nor any later one arrives on that connection.
    Mute(usize),
    /// Functions are answered with this error line and do not run.
    Refuse(&'static str),
}

/// See the module. Listens on a loopback port; ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    wire: Arc<Wire>,
    runtime: Option<Runtime>,
}

/// What all connections share.
#[derive(Debug)]
pub struct Wire {
    pub(super) fault: watch::Sender<Fault>,
    pub(super) scripts: AtomicUsize,
    /// By verb and first argument; of what reached Redis.
    pub(super) commands: Mutex<HashMap<(String, String), usize>>,
    attempts: Mutex<Vec<Instant>>,
    open: AtomicUsize,
    to: PathBuf,
}

impl Proxy {
    /// Starts one before `redis`, which is reached by its unix socket.
    pub fn start(redis: &Redis) -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().expect("a runtime");
        // Tests have a runtime already, which forbids to wait for another.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let address = listener.local_addr().expect("its address");
        let wire = Arc::new(Wire {
            fault: watch::Sender::new(Fault::None),
            scripts: AtomicUsize::new(0),
            commands: Mutex::default(),
            attempts: Mutex::default(),
            open: AtomicUsize::new(0),
            to: redis.dir().join("redis.sock"),
        });
        let accepting = Arc::clone(&wire);
        runtime.spawn(async move { accept(TcpListener::from_std(listener).expect("a listener"), accepting).await });
        Self { address, wire, runtime: Some(runtime) }
    }

    /// What `REDIS_URL` should say: as that of [`Redis::sidecars_url`].
    pub fn url(&self) -> String {
        user::at(&format!("redis://{}", self.address))
    }

    /// From now on this is wrong.
    pub fn set(&self, fault: Fault) {
        self.wire.fault.send_replace(fault);
    }

    /// From now on nothing is wrong.
    pub fn heal(&self) {
        self.set(Fault::None);
    }

    /// How often each script that `counts` knows by SHA-1 or text reached Redis.
    pub fn scripts(&self, counts: impl Fn(&str) -> bool) -> usize {
        let commands = self.wire.commands.lock().unwrap();
        let of = |((verb, what), _): &(&(String, String), &usize)| verb.starts_with("FCALL") && counts(what);
        commands.iter().filter(of).map(|(_, count)| count).sum()
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.wire.open.load(Ordering::Relaxed)
    }

    /// Most connections opened within any one second.
    pub fn most_attempts_a_second(&self) -> usize {
        let attempts = self.wire.attempts.lock().unwrap();
        let within = |(first, start): (usize, &Instant)| {
            attempts[first..].iter().take_while(|at| at.duration_since(*start) < Duration::from_secs(1)).count()
        };
        attempts.iter().enumerate().map(within).max().unwrap_or(0)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, wire: Arc<Wire>) {
    while let Ok((client, _)) = listener.accept().await {
        wire.attempts.lock().unwrap().push(Instant::now());
        let wire = Arc::clone(&wire);
        tokio::spawn(async move {
            wire.open.fetch_add(1, Ordering::Relaxed);
            serve(client, &wire).await;
            wire.open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

async fn serve(client: TcpStream, wire: &Wire) {
    let _ = client.set_nodelay(true);
    let _ = client.set_zero_linger();
    let mut fault = wire.fault.subscribe();
    let reset = async move {
        let _ = fault.wait_for(|fault| *fault == Fault::Reset).await;
    };
    let Some(server) = connect(&wire.to).await else { return };
    tokio::select! {
        () = wire::carry(client, server, wire) => {}
        () = reset => {}
    }
}

/// A server that is gone is told by closing what was accepted for it.
async fn connect(to: &Path) -> Option<BufReader<UnixStream>> {
    UnixStream::connect(to).await.ok().map(BufReader::new)
}
