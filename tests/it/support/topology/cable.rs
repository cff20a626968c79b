//! A wire before a server, over which everybody reaches it: clients, Sentinels and the replicas that follow it. The
//! replicas' share of it can be cut while all others notice nothing.

use std::{path::PathBuf, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    runtime::Runtime,
    sync::watch,
};

use crate::support::redis::port::Port;

/// What a replica says before it is sent anything.
const FOLLOWS: &[u8] = b"PSYNC";
/// It has said so within this many bytes.
const GREETING: usize = 4096;

/// See the module. Bytes pass as they are; ends when dropped.
#[derive(Debug)]
pub struct Cable {
    port: Port,
    cut: Arc<watch::Sender<bool>>,
    to: watch::Sender<PathBuf>,
    runtime: Option<Runtime>,
}

impl Cable {
    /// One that leads nowhere yet.
    pub fn new() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().expect("a runtime");
        let port = Port::take();
        // Tests have a runtime already, which forbids to wait for another.
        let listener = std::net::TcpListener::bind(("127.0.0.1", port.number())).expect("our port");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let (cut, to) = (Arc::new(watch::Sender::new(false)), watch::Sender::new(PathBuf::new()));
        let (cutting, leading) = (Arc::clone(&cut), to.subscribe());
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, leading.borrow().clone(), cutting.subscribe()));
            }
        });
        Self { port, cut, to, runtime: Some(runtime) }
    }

    /// Leads to the server on this unix socket from now on.
    pub fn lead_to(&self, socket: PathBuf) {
        self.to.send_replace(socket);
    }

    /// Where it begins.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Ends the connections of replicas, and all that they open from now on. The server keeps serving its clients.
    pub fn cut_replication(&self) {
        self.cut.send_replace(true);
    }

    /// Lets replicas through again.
    pub fn mend(&self) {
        self.cut.send_replace(false);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn carry(client: TcpStream, to: PathBuf, mut cut: watch::Receiver<bool>) {
    let _ = client.set_nodelay(true);
    // A server that is gone is told by closing what was accepted for it.
    let Ok(server) = UnixStream::connect(to).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (follower, mut follows) = watch::channel(false);
    let cutting = cut.clone();
    let up = async {
        let (mut buffer, mut said) = (vec![0; 16_384], 0);
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            let new = &buffer[..read];
            if said < GREETING && new.windows(FOLLOWS.len()).any(|word| word == FOLLOWS) {
                follower.send_replace(true);
            }
            said += read;
            let severed = *follower.borrow() && *cutting.borrow();
            if severed || to_server.write_all(new).await.is_err() {
                return;
            }
        }
    };
    let severed = async {
        let _ = follows.wait_for(|follows| *follows).await;
        let _ = cut.wait_for(|cut| *cut).await;
    };
    tokio::select! {
        () = up => {}
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
        () = severed => {}
    }
}

#[test]
fn replicas_alone_are_cut_off_and_let_through_again() {
    use crate::support::{Redis, RedisOptions, wait};
    use std::time::Duration;
    const SOON: Duration = wait::PATIENCE;
    let (primary, cable) = (Redis::start(), Cable::new());
    cable.lead_to(primary.sockets().remove(0));
    let port = cable.port().to_string();
    let extra = ["--replicaof", "127.0.0.1", &port, "--repl-timeout", "2"].map(str::to_owned).to_vec();
    let replica = Redis::with(RedisOptions { extra, ..RedisOptions::default() });
    primary.cli(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
    let link = |state: &'static str| {
        wait::until(state, SOON, || (replica.info("replication", "master_link_status") == state).then_some(()));
    };
    link("up");
    cable.cut_replication();
    link("down");
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
    redis::cmd("SET").arg("a").arg("1").exec(&mut client.get_connection().unwrap()).unwrap();
    assert!(replica.keys().is_empty());
    cable.mend();
    wait::until("what was missed", SOON, || (replica.keys() == [b"a"]).then_some(()));
}
