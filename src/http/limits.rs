//! What connections may cost us.

use std::time::Duration;

/// So many connections are read before what they ask goes to Redis, which works on it while the next are read. With all of
/// them at once, each waits for the other: 64 connections get 9 % fewer sends answered, and 8 % fewer looks at a status.
pub const READ_AT_ONCE: usize = 16;

/// How long requests in flight may take once shutdown began: longer than any call may take, short enough to leave the
/// rest of the end its share.
pub const DRAIN: Duration = Duration::from_secs(15);

/// How long connections get to notice that they were dropped at the drain's deadline.
pub const DROP_GRACE: Duration = Duration::from_secs(1);

/// Bounds on one listener's connections. Where nothing else is said, they are ours to choose and safe to shorten in
/// tests.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From the first byte of a head (or of a new connection's preface) to its end; also from a TLS connection's begin to
    /// the end of its handshake. A head is one packet: 5 s leaves room for two retransmissions.
    pub head_timeout: Duration,
    /// How long a connection may stay without a request. Longer than the pools of common clients keep theirs (90 s), so
    /// that mostly the client closes, and no request crosses our close on the way.
    pub idle_timeout: Duration,
    /// How long a write may wait for the peer to read. With what comes before and after, whoever is slow on purpose is
    /// closed within 10 s; so are the times for a head and a body.
    pub write_timeout: Duration,
    /// How long requests in flight may take once shutdown began.
    pub drain_deadline: Duration,
    /// How long an HTTP/1 connection is read and forgotten after an answer that came before the end of its request, so
    /// that the answer is not lost to a reset (RFC 9112 §9.6).
    pub linger: Duration,
    /// Longest head in bytes, request line and final empty line included; on HTTP/2 the longest header list.
    pub max_head_bytes: u32,
    /// Most requests at once on one HTTP/2 connection.
    pub max_streams: u32,
    /// An HTTP/2 connection is pinged this often…
    pub ping_interval: Duration,
    /// …and closed when no answer came for this long.
    pub ping_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(120),
            write_timeout: Duration::from_secs(8),
            drain_deadline: DRAIN,
            linger: Duration::from_secs(2),
            max_head_bytes: 16 * 1024,
            max_streams: 100,
            ping_interval: Duration::from_secs(20),
            ping_timeout: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// The longest head that is read at all: one that is too long can be answered for what it is up to here.
    pub(super) const fn longest_head(&self) -> usize {
        2 * self.max_head_bytes as usize
    }
}
