//! A provider of the test's own: it takes what it is sent, or does to it what the path of its URL says.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read as _, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::Value;

use crate::support::wait::{self, PATIENCE};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    /// By names in lower case.
    pub headers: HashMap<String, String>,
    pub text: String,
}

/// A provider that runs as long as the test.
#[derive(Debug, Clone)]
pub struct Provider {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
}

impl Asked {
    /// What signed JSON tells.
    pub fn data(&self) -> Value {
        serde_json::from_str::<Value>(&self.text).expect("JSON")["data"].clone()
    }

    /// The code of signed JSON.
    pub fn code(&self) -> String {
        self.data()["code"].as_str().expect("a code").to_owned()
    }
}

impl Provider {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let provider = Self { port, asked: Arc::default(), connections: Arc::default() };
        let serving = provider.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let provider = serving.clone();
                provider.connections.fetch_add(1, Ordering::Relaxed);
                std::thread::spawn(move || while provider.serve(&stream).is_some() {});
            }
        });
        provider
    }

    /// A URL under which it behaves so: a status, `hang`, `close`, `redirect`, `endless`, `flood`, `garbage`, `continue`, `soon`,
    /// `lie`, `slow`; with `once-` before it, only the first time; of several with commas between, one after the other.
    pub fn url(&self, how: &str) -> String {
        format!("http://127.0.0.1:{}/{how}", self.port)
    }

    /// How many connections it took so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// All that it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The same, once there is so much.
    #[track_caller]
    pub fn wait(&self, n: usize) -> Vec<Asked> {
        wait::until(&format!("{n} requests"), PATIENCE, || Some(self.asked()).filter(|asked| asked.len() >= n))
    }

    /// One request; another may come over the connection, unless it is done for.
    fn serve(&self, mut stream: &TcpStream) -> Option<()> {
        let asked = read(stream)?;
        let path = asked.path.clone();
        let before = {
            let mut all = self.asked.lock().unwrap();
            all.push(asked);
            all.iter().filter(|other| other.path == path).count() - 1
        };
        let how = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let how = how.split(',').nth(before).or_else(|| how.rsplit(',').next()).unwrap_or_default();
        let how = how.strip_prefix("once-").map_or(how, |how| if before == 0 { how } else { "200" });
        let mut say = |bytes: &[u8]| stream.write_all(bytes).ok();
        match how {
            "hang" => std::thread::sleep(Duration::from_secs(600)),
            "close" => {}
            "redirect" => say(b"HTTP/1.1 307 x\r\nlocation: /200\r\ncontent-length: 0\r\n\r\n")?,
            "endless" => {
                say(b"HTTP/1.1 200 OK\r\n")?;
                while say(b"x-more: of the same\r\n").is_some() {}
            }
            "continue" => while say(b"HTTP/1.1 100 Continue\r\n\r\n").is_some() {},
            "flood" => {
                say(b"HTTP/1.1 200 OK\r\n\r\n")?;
                for _ in 0..(1 << 20) / 1024 {
                    say(&[b' '; 1024])?;
                }
            }
            "garbage" => say(b"250 2.0.0 queued\r\n")?,
            "soon" => say(b"HTTP/1.1 503 x\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n")?,
            "lie" => say(&answer(200, r#"{"messages":[{"status":"4"}]}"#))?,
            "slow" => {
                std::thread::sleep(Duration::from_secs(1));
                say(&answer(200, "{}"))?;
            }
            status => say(&answer(status.parse().expect("a status"), r#"{"messages":[{"status":"0"}]}"#))?,
        }
        let ends = ["hang", "close", "endless", "continue", "flood", "garbage"].contains(&how);
        (!ends).then_some(())
    }
}

fn answer(status: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} x\r\nretry-after: 1\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { path, headers, text: String::from_utf8(body).expect("UTF-8") })
}
