//! A receiver of syslog that counts octets.

use std::{
    io::{BufRead, BufReader, Read as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::Value;

use super::Identities;
use crate::support::trail::identity;

/// See the module.
#[derive(Debug, Clone)]
pub struct Receiver {
    port: u16,
    messages: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    pub fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").expect("a port"))
    }

    pub fn on(listener: TcpListener) -> Self {
        let receiver = Self { port: listener.local_addr().expect("its address").port(), messages: Arc::default() };
        let messages = Arc::clone(&receiver.messages);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let messages = Arc::clone(&messages);
                std::thread::spawn(move || take(stream, &messages));
            }
        });
        receiver
    }

    pub fn url(&self) -> String {
        format!("syslog+tcp://127.0.0.1:{}", self.port)
    }

    pub fn messages(&self) -> Vec<String> {
        self.messages.lock().unwrap().clone()
    }

    pub fn identities(&self) -> Identities {
        self.messages().iter().map(|message| identity(&json(message))).collect()
    }
}

/// Ends with the connection; a sidecar that is killed leaves half a message.
fn take(stream: TcpStream, messages: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = Vec::new();
        reader.read_until(b' ', &mut length).ok().filter(|read| *read > 0)?;
        let length: usize = String::from_utf8(length).ok()?.strip_suffix(' ')?.parse().expect("a length");
        let mut message = vec![0; length];
        reader.read_exact(&mut message).ok()?;
        messages.lock().unwrap().push(String::from_utf8(message).expect("UTF-8"));
    }
}

/// What a message carries.
pub fn json(message: &str) -> Value {
    let (_, json) = message.split_once(" - {").unwrap_or_else(|| panic!("no JSON: {message}"));
    serde_json::from_str(&format!("{{{json}")).unwrap_or_else(|error| panic!("{error}: {message}"))
}
