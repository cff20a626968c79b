//! One keep-alive connection that has at most one request under way.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    time::Instant,
};

use rustix::fd::{AsFd, BorrowedFd};

use crate::support::Address;

/// Far beyond any answer of any server here.
const ANSWER_MAX: usize = 16 * 1024;
/// Far more lines than any of their heads has.
const HEADERS_MAX: usize = 32;

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// See the module.
pub struct Connection {
    stream: Stream,
    request: Vec<u8>,
    answer: Box<[u8; ANSWER_MAX]>,
    filled: usize,
    under_way: Option<UnderWay>,
}

/// A request that has no answer yet.
#[derive(Clone, Copy)]
pub struct UnderWay {
    /// What the work knows it by.
    pub of: usize,
    /// From when its time is counted.
    pub since: Instant,
}

/// Where an answer that has arrived whole lies.
struct Whole {
    status: u16,
    body: std::ops::Range<usize>,
}

impl Connection {
    /// Opens one.
    pub fn open(address: &Address) -> io::Result<Self> {
        let stream = match address {
            Address::Tcp(address) => {
                let stream = TcpStream::connect(address)?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                Stream::Tcp(stream)
            }
            Address::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_nonblocking(true)?;
                Stream::Unix(stream)
            }
        };
        Ok(Self { stream, request: Vec::new(), answer: Box::new([0; ANSWER_MAX]), filled: 0, under_way: None })
    }

    /// What to wait on.
    pub fn stream(&self) -> BorrowedFd<'_> {
        match &self.stream {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }

    /// Writes the request that `write` makes, whose time counts from `since`; `false` if it makes none.
    pub fn ask(&mut self, since: Instant, write: impl FnOnce(&mut Vec<u8>) -> Option<usize>) -> io::Result<bool> {
        self.request.clear();
        let Some(of) = write(&mut self.request) else { return Ok(false) };
        // A request is far smaller than what a socket takes at once.
        match &mut self.stream {
            Stream::Tcp(stream) => stream.write_all(&self.request)?,
            Stream::Unix(stream) => stream.write_all(&self.request)?,
        }
        self.under_way = Some(UnderWay { of, since });
        Ok(true)
    }

    /// Reads what is there; hands the answer on once it is whole.
    pub fn read<T>(&mut self, hand_on: impl FnOnce(UnderWay, u16, &[u8]) -> T) -> io::Result<Option<T>> {
        let room = &mut self.answer[self.filled..];
        let read = match &mut self.stream {
            Stream::Tcp(stream) => stream.read(room),
            Stream::Unix(stream) => stream.read(room),
        };
        match read {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => self.filled += read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        }
        let Some(whole) = whole(&self.answer[..self.filled])? else { return Ok(None) };
        self.filled = 0;
        let under_way = self.under_way.take().ok_or(io::ErrorKind::InvalidData)?;
        Ok(Some(hand_on(under_way, whole.status, &self.answer[whole.body])))
    }
}

fn whole(bytes: &[u8]) -> io::Result<Option<Whole>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = head.parse(bytes).map_err(io::Error::other)? else { return Ok(None) };
    let length = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok());
    let status = head.code.unwrap_or(0);
    // No server here streams: without a length there is no body.
    let body = start..start + length.unwrap_or(0);
    Ok((body.end <= bytes.len()).then_some(Whole { status, body }))
}
