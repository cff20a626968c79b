//! A door for `tests/fuzz` to what is private here; no part of the interface.

use redis::Value;

use super::{check::Checked, extra::Answer, packed::Packed, reply::Reply, send::Sent};

/// Reads a function's answer in every way in which one is read; tells which ways understood it.
pub fn read_reply(value: &Value) -> [bool; 4] {
    let reply = || Reply::new("fuzzed", value.clone());
    let checked = |mut packed: Packed| Checked::read(&mut packed);
    let plain = || checked(reply()?.packed()?);
    let items = || {
        let mut reply = reply()?;
        while reply.natural().is_ok() || reply.bytes().is_ok() {}
        reply.left()
    };
    [
        reply().and_then(|reply| Answer::read(reply, checked)).is_ok(),
        reply().and_then(|reply| Answer::read(reply, Sent::read)).is_ok(),
        plain().is_ok(),
        items().is_ok(),
    ]
}
