//! Why a server cannot be reached, found by hand: the client says no more than that there is no connection.

use std::{io, time::Duration};

use redis::ConnectionAddr;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
    time::timeout,
};

use super::server::{Place, Server, Topology};

/// What any server answers with a line, a server that speaks TLS with an alert or not at all.
const PING: &[u8] = b"PING\r\n";

impl Server {
    /// Says in words why there is no connection to the first of the hosts, which is not named: what stands there may be part of
    /// a password. Each step may take `time`.
    pub async fn unreachable(&self, time: Duration) -> String {
        let place = match &self.topology {
            Topology::Single(ConnectionAddr::Unix(path)) => {
                return match timeout(time, UnixStream::connect(path)).await {
                    Ok(Ok(_)) => "somebody listens at the socket but does not answer as Redis does".into(),
                    Ok(Err(error)) => format!("the socket: {}", error.kind()),
                    Err(_) => "the socket: no answer in time".into(),
                };
            }
            Topology::Single(ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. }) => {
                Some(Place { host: host.clone(), port: *port })
            }
            Topology::Sentinel { sentinels: all, .. } | Topology::Cluster(all) => all.first().cloned(),
            Topology::Single(_) => None,
        };
        let Some(Place { host, port }) = place else { return "no connection".into() };
        let found = match timeout(time, tokio::net::lookup_host((host.as_str(), port))).await {
            Ok(Ok(mut found)) => found.next(),
            Ok(Err(_)) => return "its host's name is not known (DNS)".into(),
            Err(_) => return "its host's name was not found in time (DNS, OTP_REDIS_TIMEOUT)".into(),
        };
        let Some(address) = found else { return "its host's name has no address (DNS)".into() };
        match timeout(time, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => self.answered(timeout(time, first_byte(stream)).await.unwrap_or(Ok(None))),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                "connection refused: nothing listens at its port".into()
            }
            Ok(Err(error)) => error.kind().to_string(),
            Err(_) => "no answer in time: a firewall, or the wrong host (OTP_REDIS_TIMEOUT)".into(),
        }
    }

    /// What the first byte that came back says, `None` if none did.
    fn answered(&self, byte: io::Result<Option<u8>>) -> String {
        match (byte, self.tls) {
            (Ok(Some(b'+' | b'-')), true) => {
                "it does not speak TLS at this port: redis instead of rediss, or its TLS port".into()
            }
            (Ok(Some(b'+' | b'-')), false) => {
                "it listens, but it or a server that it tells of does not answer in time as this kind of URL expects"
                    .into()
            }
            // The type of a TLS record: an alert (RFC 8446 §5.1). Some only hang up.
            (Ok(Some(0x15) | None) | Err(_), false) => {
                "it hangs up: does it speak TLS at this port (rediss instead of redis)?".into()
            }
            (_, true) => "the TLS handshake fails".into(),
            _ => "it is not Redis that listens at this port".into(),
        }
    }
}

async fn first_byte(mut stream: TcpStream) -> io::Result<Option<u8>> {
    stream.write_all(PING).await?;
    let mut byte = [0];
    Ok(if stream.read(&mut byte).await? == 0 { None } else { byte.first().copied() })
}
