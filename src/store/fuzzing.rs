//! A door for `tests/fuzz` to what is private here; no part of the interface.

use redis::Value;

use super::{check::Checked, extra::Answer, reply::Reply, send::Sent};

/// Reads a script's answer in every way in which one is read; tells which ways understood it.
pub fn read_reply(value: &Value) -> [bool; 4] {
    let reply = || Reply::new("fuzzed", value.clone());
    let plain = || {
        let mut reply = reply()?;
        Checked::read(reply.outcome()?, &mut reply)
    };
    let items = || {
        let mut reply = reply()?;
        while reply.natural().is_ok() || reply.bytes().is_ok() || reply.nested().is_ok() {}
        reply.left()
    };
    [
        reply().and_then(|reply| Answer::read(reply, Checked::read)).is_ok(),
        reply().and_then(|reply| Answer::read(reply, Sent::read)).is_ok(),
        plain().is_ok(),
        items().is_ok(),
    ]
}
