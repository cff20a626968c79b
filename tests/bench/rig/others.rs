//! Whom a sidecar tells of its codes and events. What `OTP_…` of a server under measurement calls `{http}`, `{stream}` or
//! `{silence}` is the address of one that answers each request, one that takes whatever comes, one that never says a word.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    process::Child,
    thread,
};

use super::{free_port, ourselves, started};
use crate::{
    server,
    support::{Address, process},
};

/// Those that are asked for.
#[derive(Default)]
pub struct Others {
    http: Option<(SocketAddr, Child)>,
    stream: Option<SocketAddr>,
    /// Its connections wait to be accepted.
    silence: Option<TcpListener>,
}

impl Others {
    /// Starts those that `variables` name.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let asked = |name: &str| variables.iter().any(|(_, value)| value.contains(name));
        Self {
            http: asked("{http}").then(http),
            stream: asked("{stream}").then(stream),
            silence: asked("{silence}").then(here),
        }
    }

    /// `text` with their addresses in it.
    pub fn written(&self, text: &str) -> String {
        let silence = self.silence.as_ref().and_then(|listener| listener.local_addr().ok());
        let known =
            [("{http}", self.http.as_ref().map(|(at, _)| *at)), ("{stream}", self.stream), ("{silence}", silence)];
        let known = known.into_iter().filter_map(|(name, at)| Some((name, at?)));
        known.fold(text.to_owned(), |text, (name, at)| text.replace(name, &at.to_string()))
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        self.http.iter_mut().for_each(|(_, child)| process::kill(child));
    }
}

/// A process of its own, so that its time is not the sidecar's.
fn http() -> (SocketAddr, Child) {
    let at = SocketAddr::from(([127, 0, 0, 1], free_port()));
    (at, started(ourselves(&[server::HYPER, &at.to_string()]), &Address::Tcp(at)))
}

fn stream() -> SocketAddr {
    let listener = here();
    let at = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // It ends with the sidecar.
            thread::spawn(move || io::copy(&mut stream, &mut io::sink()));
        }
    });
    at
}

fn here() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port")
}
