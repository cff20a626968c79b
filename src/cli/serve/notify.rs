//! What a supervisor is told that asks for it as systemd does (`sd_notify(3)`): that we are ready, that we are alive, that we
//! are on our way out.

use std::{
    convert::Infallible,
    ffi::{OsStr, OsString},
    io,
    os::unix::{
        ffi::OsStrExt,
        net::{SocketAddr, UnixDatagram},
    },
    sync::Arc,
    time::Duration,
};

use crate::http::calls::health::Draining;

/// See the module. Where nobody asks, nobody is told.
#[derive(Debug, Default)]
pub struct Notify {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl Notify {
    /// Reads who asks (`NOTIFY_SOCKET`) and how long at most we may be silent (`WATCHDOG_USEC`, for the process of
    /// `WATCHDOG_PID`).
    pub fn new(environment: &[(OsString, OsString)], pid: u32) -> Self {
        let find = |name: &str| environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str());
        let Some(address) = find("NOTIFY_SOCKET").filter(|address| !address.is_empty()) else { return Self::default() };
        let number = |name: &str| find(name).and_then(OsStr::to_str).and_then(|text| text.parse::<u64>().ok());
        let ours = number("WATCHDOG_PID").is_none_or(|named| named == u64::from(pid));
        let watchdog = number("WATCHDOG_USEC").filter(|micros| ours && *micros > 0).map(Duration::from_micros);
        // One that cannot be reached has nobody behind it.
        Self { socket: connect(address).ok(), watchdog }
    }

    /// The listeners are open; calls are answered once Redis was seen.
    pub fn waiting(&self) {
        self.tell("STATUS=Waiting for Redis");
    }

    /// Calls can be decided.
    pub fn ready(&self) {
        self.tell("READY=1\nSTATUS=Serving");
    }

    /// On our way out.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=Draining");
    }

    /// Says that we are alive, twice in the time within which it must be said, for as long as this is polled. Not while what
    /// must run in the background has ended: then we are to be started anew. That Redis is down is no reason to.
    pub async fn live(&self, draining: Arc<Draining>) -> Infallible {
        let Some(within) = self.watchdog else { return std::future::pending().await };
        loop {
            if !draining.begun() {
                self.tell("WATCHDOG=1");
            }
            tokio::time::sleep(within / 2).await;
        }
    }

    fn tell(&self, message: &str) {
        let told = self.socket.as_ref().map(|socket| socket.send(message.as_bytes()));
        if let Some(Err(error)) = told {
            tracing::debug!(%error, message, "NOTIFY_SOCKET");
        }
    }
}

fn connect(address: &OsStr) -> io::Result<UnixDatagram> {
    let address = match address.as_bytes() {
        [b'@', name @ ..] => named(name)?,
        _ => SocketAddr::from_pathname(address)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    // A supervisor that does not read must not hold up those who wait for codes.
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Linux has names for sockets that are in no directory.
#[cfg(target_os = "linux")]
fn named(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn named(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn told(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 256];
        let read = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    }

    #[test]
    fn whoever_asks_is_told_by_path_or_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let by_path = UnixDatagram::bind(&path).unwrap();
        let name = format!("otp-sidecar-test-{}", std::process::id());
        let by_name = UnixDatagram::bind_addr(&named(name.as_bytes()).unwrap()).unwrap();
        for (address, socket) in [(path.display().to_string(), by_path), (format!("@{name}"), by_name)] {
            let notify = Notify::new(&environment(&[("NOTIFY_SOCKET", &address)]), 1);
            notify.ready();
            assert_eq!(told(&socket), "READY=1\nSTATUS=Serving");
            notify.stopping();
            assert_eq!(told(&socket), "STOPPING=1\nSTATUS=Draining");
        }
    }

    #[test]
    fn a_watchdog_of_another_process_and_a_socket_that_is_not_there_are_none_of_ours() {
        let of = |pairs: &[(&str, &str)]| Notify::new(&environment(pairs), 7).watchdog;
        let socket = ("NOTIFY_SOCKET", "/no/such/socket");
        assert_eq!(of(&[socket, ("WATCHDOG_USEC", "2000000")]), Some(Duration::from_secs(2)));
        assert_eq!(of(&[socket, ("WATCHDOG_USEC", "2000000"), ("WATCHDOG_PID", "7")]), Some(Duration::from_secs(2)));
        assert_eq!(of(&[socket, ("WATCHDOG_USEC", "2000000"), ("WATCHDOG_PID", "8")]), None);
        assert_eq!(of(&[socket, ("WATCHDOG_USEC", "soon")]), None);
        assert_eq!(of(&[("WATCHDOG_USEC", "2000000")]), None);
        Notify::new(&environment(&[socket]), 7).ready();
    }
}
