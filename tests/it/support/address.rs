//! Where a listener is found.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite};

/// A TCP or unix socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `127.0.0.1:43123`
    Tcp(SocketAddr),
    /// `unix:/path`
    Unix(PathBuf),
}

/// A connection of either kind, for async code.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl FromStr for Address {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("unix:") {
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(Self::Tcp),
        }
    }
}

impl Address {
    /// What a client puts into `Host`.
    pub fn host(&self) -> String {
        match self {
            Self::Tcp(address) => address.to_string(),
            Self::Unix(_) => "localhost".into(),
        }
    }

    /// Opens a connection.
    pub async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Tcp(address) => {
                let stream = tokio::net::TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Self::Unix(path) => Box::new(tokio::net::UnixStream::connect(path).await?),
        })
    }

    /// The status of one GET on a connection of its own, for code that is not async. `limit` bounds each read.
    pub fn get_status(&self, path: &str, limit: Duration) -> io::Result<u16> {
        let text = self.get_text(path, limit)?;
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no status line"))
    }

    /// The whole answer, head and all.
    pub fn get_text(&self, path: &str, limit: Duration) -> io::Result<String> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.host());
        let mut answer = Vec::new();
        match self {
            Self::Tcp(address) => {
                let mut stream = TcpStream::connect_timeout(address, limit)?;
                stream.set_read_timeout(Some(limit))?;
                stream.write_all(request.as_bytes())?;
                stream.read_to_end(&mut answer)?;
            }
            Self::Unix(path) => {
                let mut stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(limit))?;
                stream.write_all(request.as_bytes())?;
                stream.read_to_end(&mut answer)?;
            }
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

#[test]
fn both_kinds_are_read_as_the_log_writes_them() {
    assert_eq!("127.0.0.1:43123".parse(), Ok(Address::Tcp(([127, 0, 0, 1], 43123).into())));
    assert_eq!("unix:/run/app.sock".parse(), Ok(Address::Unix("/run/app.sock".into())));
}
