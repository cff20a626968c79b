//! The commands that a kind of store and a setting need: what is not needed is not asked for.

use super::Durability;

/// Every store: sent by the sidecar, or called inside its functions.
const ALWAYS: &[&str] = &[
    "TIME",
    "EXISTS",
    "GET",
    "MGET",
    "SET",
    "DEL",
    "XADD",
    "XRANGE",
    "XREVRANGE",
    "XREAD",
    "XDEL",
    "XTRIM",
    "XLEN",
    "XINFO|STREAM",
    "ZADD",
    "ZREM",
    "ZRANGEBYSCORE",
    "ZRANGE",
    "ZRANK",
    "ZCARD",
    "ZCOUNT",
    "ZREMRANGEBYRANK",
    "PEXPIRE",
    "HINCRBY",
    "HGETALL",
    "PEXPIREAT",
    "PEXPIRETIME",
    "PERSIST",
    "HSET",
    "HDEL",
    "HLEN",
    "HMGET",
    "FCALL",
    "FCALL_RO",
    "FUNCTION|LOAD",
    "INFO",
];
/// Where replicas are waited for.
const REPLICATED: &[&str] = &["WAIT"];
/// Where the disk is waited for.
const FSYNC: &[&str] = &["WAITAOF"];
/// Where the database is not 0.
const NUMBERED: &[&str] = &["SELECT"];
/// In a cluster.
const CLUSTERED: &[&str] = &["ASKING", "CLUSTER|SLOTS", "CLUSTER|INFO"];

/// What the needs hang on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    /// `OTP_DURABILITY`.
    pub(super) durability: Durability,
    /// Whether the primary has replicas, or somebody may take its place.
    pub(super) replicated: bool,
    /// Whether it is a cluster.
    pub(super) clustered: bool,
    /// Whether the database is not 0.
    pub(super) selects: bool,
}

impl Setting {
    /// The commands that are needed.
    pub(super) fn needs(self) -> impl Iterator<Item = &'static str> {
        let waits = match self.durability {
            Durability::None => false,
            Durability::Replica => true,
            Durability::WhereReplicated | Durability::Fsync => self.replicated,
        };
        let lists = [
            (true, ALWAYS),
            (waits, REPLICATED),
            (self.durability == Durability::Fsync, FSYNC),
            (self.selects, NUMBERED),
            (self.clustered, CLUSTERED),
        ];
        lists.into_iter().filter(|(needed, _)| *needed).flat_map(|(_, commands)| commands.iter().copied())
    }
}
