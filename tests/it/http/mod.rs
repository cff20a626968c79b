//! The transport over real sockets, with times that a test can bear: what clients, careless and hostile ones among them, see
//! of it; and what is read of requests, case by case.

mod http2;
mod json;
mod keep_alive;
mod listen;
mod read;
mod room;
mod slow;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use http_body_util::Full;
use hyper::{
    Request, StatusCode,
    body::{Bytes, Incoming},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

use otp_sidecar::{
    config::ListenAddr,
    http::{
        BodyLimits, Bound, Connections, Drained, Inbound, Limits, Reply, RequestId, body::JSON, content::Part,
        read_body, reply, serve,
    },
};

use crate::support::wait;

/// Longer than anything here takes: a test that gets there has failed.
const FOREVER: Duration = Duration::from_secs(20);

/// A running server, and what its handler was asked.
struct Server {
    address: SocketAddr,
    connections: Arc<Connections>,
    asked: Arc<Asked>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Drained>,
}

#[derive(Default)]
struct Asked {
    paths: Mutex<Vec<String>>,
    arrived: Notify,
    release: Notify,
}

/// Time-outs as short as a test can bear, and apart enough to tell which one it was.
fn limits() -> Limits {
    Limits {
        head_timeout: Duration::from_millis(200),
        idle_timeout: Duration::from_secs(10),
        write_timeout: Duration::from_millis(300),
        drain_deadline: Duration::from_secs(10),
        linger: Duration::from_millis(500),
        ..Limits::default()
    }
}

impl Server {
    fn start(limits: Limits, cap: usize) -> Self {
        let listener = Bound::to(&ListenAddr::Tcp("127.0.0.1:0".parse().unwrap())).unwrap().listen().unwrap();
        let ListenAddr::Tcp(address) = *listener.address() else { panic!("not TCP") };
        let (connections, asked) = (Connections::new(cap), Arc::new(Asked::default()));
        let (stop, stopped) = oneshot::channel::<()>();
        let handler = {
            let asked = Arc::clone(&asked);
            move |request| handle(Arc::clone(&asked), request)
        };
        let shutdown = async {
            let _ = stopped.await;
        };
        let serving = tokio::spawn(serve(listener, limits, Arc::clone(&connections), handler, shutdown));
        Self { address, connections, asked, stop: Some(stop), serving }
    }

    async fn connect(&self) -> Client {
        Client { stream: TcpStream::connect(self.address).await.unwrap(), seen: Vec::new() }
    }

    /// Sends `bytes` on a connection of their own; what comes back until the server closes.
    async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.connect().await;
        client.send(bytes).await;
        client.rest().await
    }

    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until no connection is open.
    async fn emptied(&self) {
        wait::until_async("no open connection", FOREVER, || async { (self.connections.open() == 0).then_some(()) })
            .await;
    }

    fn paths(&self) -> Vec<String> {
        self.asked.paths.lock().unwrap().clone()
    }
}

async fn handle(asked: Arc<Asked>, request: Request<Inbound>) -> Reply {
    let id = RequestId::read(request.headers(), || 1);
    let path = request.uri().path().to_owned();
    asked.paths.lock().unwrap().push(path.clone());
    asked.arrived.notify_one();
    let (head, body) = request.into_parts();
    match path.as_str() {
        "/echo" | "/slow" => {
            let deadline = if path == "/slow" { FOREVER } else { Duration::from_millis(200) };
            match read_body(&head.headers, body, BodyLimits { max_bytes: 1000, deadline }, JSON).await {
                Ok(body) => reply::raw(StatusCode::OK, reply::APPLICATION_JSON, body, &id),
                Err(problem) => problem.into_reply(&id),
            }
        }
        "/panic" => panic!("on purpose"),
        "/wait" => {
            asked.release.notified().await;
            reply::no_content(&id)
        }
        // Two pieces, the second once it is released.
        "/stream" => {
            let (to, parts) = mpsc::channel(1);
            tokio::spawn(async move {
                let _ = to.send(Part::Piece("a".into())).await;
                asked.release.notified().await;
                let _ = to.send(Part::Piece("b".into())).await;
                let _ = to.send(Part::End).await;
            });
            reply::streamed(StatusCode::OK, reply::APPLICATION_JSON, parts, &id)
        }
        // Whoever makes the pieces ended before the last.
        "/cut" => {
            let (to, parts) = mpsc::channel(1);
            let _ = to.send(Part::Piece("a".into())).await;
            reply::streamed(StatusCode::OK, reply::APPLICATION_JSON, parts, &id)
        }
        "/big" => Reply::new(Bytes::from(vec![b'x'; 32 << 20]).into()),
        _ => reply::no_content(&id),
    }
}

/// A client that sends what it is told.
struct Client {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Client {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The next answer: its head, and as much body as its length says.
    async fn answer(&mut self) -> String {
        timeout(FOREVER, async {
            loop {
                if let Some(length) = answer_length(&self.seen) {
                    return String::from_utf8(self.seen.drain(..length).collect()).unwrap();
                }
                let n = self.stream.read_buf(&mut self.seen).await.unwrap();
                assert_ne!(n, 0, "closed after {:?}", String::from_utf8_lossy(&self.seen));
            }
        })
        .await
        .unwrap()
    }

    /// Everything until the server closes, which must be an orderly end.
    async fn rest(&mut self) -> String {
        timeout(FOREVER, self.stream.read_to_end(&mut self.seen)).await.unwrap().unwrap();
        String::from_utf8(std::mem::take(&mut self.seen)).unwrap()
    }

    /// Waits until the server closes, however.
    async fn closed(&mut self) {
        while matches!(timeout(FOREVER, self.stream.read_buf(&mut self.seen)).await.unwrap(), Ok(1..)) {}
    }
}

fn answer_length(seen: &[u8]) -> Option<usize> {
    let head = seen.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&seen[..head]).unwrap().to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    let whole = head + length.parse::<usize>().unwrap();
    (seen.len() >= whole).then_some(whole)
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\r\n{body}")
}

fn echo(body: &str) -> String {
    post("/echo", &format!("Content-Length: {}\r\n", body.len()), body)
}
