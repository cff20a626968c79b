//! Whether it is ready: an answer that changes nothing, and shows that a connection was accepted.

use super::request::odd;
use crate::client::Work;

/// See the module.
pub struct Ready;

impl Work for Ready {
    fn ask(&mut self, out: &mut Vec<u8>) -> Option<usize> {
        out.extend_from_slice(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n");
        Some(0)
    }

    fn judge(&mut self, _: usize, status: u16, body: &[u8]) -> Result<(), String> {
        if status == 200 { Ok(()) } else { Err(odd(status, body)) }
    }
}
