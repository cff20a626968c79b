//! Whether it lives: an answer that needs nothing but the connection.

use super::request::odd;
use crate::client::Work;

/// See the module.
pub struct Live;

impl Work for Live {
    fn ask(&mut self, out: &mut Vec<u8>) -> Option<usize> {
        out.extend_from_slice(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n");
        Some(0)
    }

    fn judge(&mut self, _: usize, status: u16, body: &[u8]) -> Result<(), String> {
        if status == 200 { Ok(()) } else { Err(odd(status, body)) }
    }
}
