//! A door for `tests/fuzz` to what is private here; no part of the interface.

use redis::{Value, from_redis_value_ref};

use super::{
    StoreError,
    call_keys::{Answer, Decision},
    check::Checked,
    claim::Claimed,
    connection::read_slots,
    failover::ReplicationInfo,
    reply::Reply,
    send::Sent,
    status::Standing,
};

/// Reads an answer in every way in which one is read; tells which ways of reading a function's understood it.
pub fn read_reply(value: &Value) -> [bool; 6] {
    let reply = || Reply::new("fuzzed", value.clone());
    let plain = || Checked::read(reply()?.packed()?);
    let items = || {
        let mut reply = reply()?;
        while reply.natural().is_ok() || reply.bytes().is_ok() {}
        reply.left()
    };
    // What servers say of themselves.
    let _ = (read_slots(value.clone()), from_redis_value_ref::<String>(value).map(|info| ReplicationInfo::read(&info)));
    let understood: [Result<(), StoreError>; 6] = [
        read::<Checked>(reply()),
        read::<Sent>(reply()),
        read::<Claimed>(reply()),
        reply().and_then(|mut reply| Standing::read(&mut reply)).map(drop),
        plain().map(drop),
        items().map(drop),
    ];
    understood.map(|read| read.is_ok())
}

fn read<T: Decision>(reply: Result<Reply, StoreError>) -> Result<(), StoreError> {
    Answer::<T>::read(&mut reply?).map(drop)
}
