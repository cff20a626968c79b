//! What is measured.

mod switched_on;

use crate::{
    measure::{
        Asked, Measurement, Race, Scenario, Users, argon, closed, confirmed, connections, embedded_start, idle, live,
        neighbours, open, race, script, size, start, with_address,
    },
    rig::{Kind, Peer, Server, Stores, Transport, before},
    work::{Call, Typed},
};

/// With all limits and events on; codes are stored as keyed digests.
const HMAC: Server = Server::Sidecar(&[("OTP_HASH", "hmac")]);
/// The same without a line in the log for each request.
const UNLOGGED: Server = Server::Sidecar(&[("OTP_HASH", "hmac"), ("OTP_LOG", "warn")]);
/// With the default hash at its default cost.
pub const ARGON2ID: Server = Server::Sidecar(&[("OTP_HASH", "argon2id")]);
/// The same as cheap as can be set: the scripts are those of any cost.
pub const CHEAP_ARGON2ID: Server =
    Server::Sidecar(&[("OTP_HASH", "argon2id"), ("OTP_ARGON2_MEMORY_KIB", "1024"), ("OTP_ARGON2_ITERATIONS", "1")]);
/// Hashes a second that no password hasher of Django reaches.
const HASHES: f64 = 40.0;
/// Rounds of what varies little.
const FEW: usize = 3;

/// Measurements that are made in turn, so that a machine that is slow for a while is slow for all of them.
pub type Group = Vec<Measurement>;

/// What a run is made of.
pub struct Extent<'a> {
    /// The sidecar that hashes.
    pub hashing: Server,
    /// Calls a second of open loops.
    pub rates: &'a [u32],
    /// Users with a live code, from few to very many.
    pub users: &'a [usize],
    /// Connections that rest.
    pub connections: usize,
    /// Kinds of store on which successes are confirmed, and not.
    pub stores: &'a [&'static str],
    /// What is switched on, by how names begin.
    pub switched: &'a [&'static str],
    /// What the sidecar is compared with.
    pub peers: &'a [(&'static str, Peer)],
}

/// What is measured where there is time.
pub const WHOLE: Extent = Extent {
    hashing: ARGON2ID,
    // One that every server bears, and a sweep up to what none does.
    rates: &[1_000, 5_000, 10_000, 20_000, 30_000, 40_000, 60_000],
    users: &[1_000, 100_000, 1_000_000],
    // As many as are allowed by default.
    connections: 10_000,
    stores: &["one", "valkey", "sentinel", "cluster"],
    switched: &["with/", "event/"],
    peers: &PEERS,
};

/// Everything there is, group after group.
pub fn all(extent: &Extent) -> Vec<Group> {
    vec![
        against(before().is_some()),
        at_full_speed(),
        hashed(extent.hashing),
        durable(extent.stores),
        switched_on::group(extent.switched),
        at_fixed_rates(extent.rates),
        inside_redis(),
        resources(extent),
        beside(extent),
        extent.users.iter().flat_map(|users| live(*users)).map(|measurement| measurement.at_most(FEW)).collect(),
    ]
}

/// Each operation, of another sidecar and of this one in turn: the ratios are those of the same rounds.
fn against(there_is_another: bool) -> Group {
    const BEFORE: Server = Server::Before(&[("OTP_HASH", "hmac")]);
    const ONE: Stores = Stores::One;
    let calls: &[(&str, &'static str, Asked, Stores)] = &[
        ("send", "versus/send/before", Asked::Fresh(Call::SEND), ONE),
        ("check-right", "versus/check-right/before", Asked::Check(Typed::Right), ONE),
        ("check-wrong", "versus/check-wrong/before", Asked::Check(Typed::Wrong), ONE),
        ("guard-request", "versus/guard-request/before", Asked::Fresh(Call::GUARD_REQUEST), ONE),
        ("guard-failure", "versus/guard-failure/before", Asked::Fresh(Call::GUARD_FAILURE), ONE),
        ("guard-success", "versus/guard-success/before", Asked::Fresh(Call::GUARD_SUCCESS), ONE),
        ("status", "versus/status/before", Asked::About(Call::STATUS, Users::Few), ONE),
        ("refused-too-soon", "versus/refused-too-soon/before", Asked::About(Call::TOO_SOON, Users::Many), ONE),
        // Each is confirmed by a replica.
        ("replica", "versus/replica/before", Asked::Check(Typed::Wrong), Stores::Sentinel),
    ];
    let both = |&(name, before, asked, stores): &(&str, &'static str, Asked, Stores)| {
        let of = |server| Scenario { stores, ..Scenario::new(server, asked) };
        [closed(before, of(BEFORE)), closed(format!("versus/{name}/now"), of(HMAC)).limited_by(before)]
    };
    calls.iter().filter(|_| there_is_another).flat_map(both).collect()
}

/// Closed loops over both transports.
fn at_full_speed() -> Group {
    let mut group = Vec::new();
    for (transport, suffix, hyper, reference) in [
        (Transport::Unix, "unix", "hyper/unix", "reference/unix"),
        (Transport::Tcp, "tcp", "hyper/tcp", "reference/tcp"),
    ] {
        let mut add = |name: &str, server, asked, limit: Option<&'static str>| {
            let scenario = Scenario { transport, ..Scenario::new(server, asked) };
            let measurement = closed(format!("{name}/{suffix}"), scenario);
            group.push(match limit {
                Some(limit) => measurement.limited_by(limit),
                None => measurement,
            });
        };
        add("hyper", Server::Hyper, Asked::Fresh(Call::BARE), None);
        add("reference", Server::Reference, Asked::Fresh(Call::SEND), Some(hyper));
        add("send/hmac", HMAC, Asked::Fresh(Call::SEND), Some(reference));
        add("check-wrong/hmac", HMAC, Asked::Check(Typed::Wrong), Some(reference));
        add("check-right/hmac", HMAC, Asked::Check(Typed::Right), Some(reference));
        add("status/hmac", HMAC, Asked::About(Call::STATUS, Users::Few), Some(reference));
        add("guard-request/hmac", HMAC, Asked::Fresh(Call::GUARD_REQUEST), Some(reference));
        add("guard-failure/hmac", HMAC, Asked::Fresh(Call::GUARD_FAILURE), Some(reference));
        add("refused-too-soon/hmac", HMAC, Asked::About(Call::TOO_SOON, Users::Many), Some(reference));
        add("flood-too-soon/hmac", HMAC, Asked::About(Call::TOO_SOON, Users::Few), Some(hyper));
        add("flood-locked/hmac", HMAC, Asked::About(Call::LOCKED, Users::FewLocked), Some(hyper));
    }
    let without = Scenario { aof: false, ..Scenario::new(HMAC, Asked::Fresh(Call::SEND)) };
    group.push(closed("send-without-aof/hmac/unix", without).limited_by("reference/unix"));
    let quiet = Scenario::new(UNLOGGED, Asked::Fresh(Call::SEND));
    group.push(closed("send-without-log/hmac/unix", quiet).limited_by("reference/unix"));
    group
}

/// Closed loops that are bound by Argon2.
fn hashed(hashing: Server) -> Group {
    let mut group = vec![argon("argon2")];
    for (name, asked) in [
        ("send/argon2id/unix", Asked::Fresh(Call::SEND)),
        ("check-wrong/argon2id/unix", Asked::Check(Typed::Wrong)),
        ("check-right/argon2id/unix", Asked::Check(Typed::Right)),
    ] {
        group.push(closed(name, Scenario::new(hashing, asked).hashing()).limited_by("argon2").at_most(FEW));
    }
    let looks = Scenario::new(hashing, Asked::Fresh(Call::STATUS));
    group.push(neighbours("neighbours/quiet", looks, false).at_most(FEW));
    group.push(neighbours("neighbours/hashing", looks, true).limited_by("neighbours/quiet").at_most(FEW));
    group
}

/// Right codes, each a success that must not be lost, on each kind of store, confirmed and not.
fn durable(stores: &[&str]) -> Group {
    const NONE: Server = Server::Sidecar(&[("OTP_HASH", "hmac"), ("OTP_DURABILITY", "none")]);
    const FSYNC: Server = Server::Sidecar(&[("OTP_HASH", "hmac"), ("OTP_DURABILITY", "fsync")]);
    const REPLICA: Server = Server::Sidecar(&[("OTP_HASH", "hmac"), ("OTP_DURABILITY", "replica")]);
    let on = |name: &str| stores.iter().any(|store| name.starts_with(store));
    let right = |server, stores| Scenario { stores, ..Scenario::new(server, Asked::Check(Typed::Right)) };
    [
        ("one/none", NONE, Stores::One, None),
        ("one/default", HMAC, Stores::One, Some("durable/one/none")),
        ("valkey/none", NONE, Stores::Valkey, None),
        ("valkey/fsync", FSYNC, Stores::Valkey, Some("durable/valkey/none")),
        ("sentinel/none", NONE, Stores::Sentinel, None),
        ("sentinel/replica", REPLICA, Stores::Sentinel, Some("durable/sentinel/none")),
        ("cluster/none", NONE, Stores::Cluster, None),
        ("cluster/replica", REPLICA, Stores::Cluster, Some("durable/cluster/none")),
    ]
    .into_iter()
    .filter(|(name, ..)| on(name))
    .map(|(name, server, stores, limit)| {
        let measurement = confirmed(format!("durable/{name}"), right(server, stores)).at_most(FEW);
        match limit {
            Some(limit) => measurement.limited_by(limit),
            None => measurement,
        }
    })
    .collect()
}

/// Open loops.
fn at_fixed_rates(rates: &[u32]) -> Group {
    let mut group = Vec::new();
    for &rate in rates {
        for (name, server, asked) in [
            ("hyper", Server::Hyper, Asked::Fresh(Call::BARE)),
            ("reference", Server::Reference, Asked::Fresh(Call::SEND)),
            ("send/hmac", HMAC, Asked::Fresh(Call::SEND)),
            ("check-wrong/hmac", HMAC, Asked::Check(Typed::Wrong)),
        ] {
            let scenario = Scenario::new(server, asked);
            group.push(open(format!("open/{name}/{rate}"), scenario, rate.into()).at_most(FEW));
        }
    }
    group
}

/// Scripts without a sidecar.
fn inside_redis() -> Group {
    let mut group = Vec::new();
    for (name, asked) in [
        ("send", Asked::Fresh(Call::SEND)),
        ("check-wrong", Asked::Check(Typed::Wrong)),
        ("check-right", Asked::Check(Typed::Right)),
        ("status", Asked::About(Call::STATUS, Users::Few)),
        ("guard-request", Asked::Fresh(Call::GUARD_REQUEST)),
        ("guard-failure", Asked::Fresh(Call::GUARD_FAILURE)),
        ("refused-too-soon", Asked::About(Call::TOO_SOON, Users::Many)),
        ("refused-locked", Asked::About(Call::LOCKED, Users::ManyLocked)),
    ] {
        group.push(script(format!("script/{name}/hmac"), Scenario::new(HMAC, asked)).at_most(FEW));
    }
    for (name, asked) in [
        ("send", Asked::Fresh(Call::SEND)),
        ("check-wrong", Asked::Check(Typed::Wrong)),
        ("check-right", Asked::Check(Typed::Right)),
    ] {
        group.push(script(format!("script/{name}/argon2id"), Scenario::new(CHEAP_ARGON2ID, asked).few()).at_most(FEW));
    }
    group
}

/// What others would build.
pub const PEERS: [(&str, Peer); 6] = [
    ("node", Peer { kind: Kind::Node, variables: &[], bound: f64::INFINITY }),
    ("node-charged-first", Peer { kind: Kind::Node, variables: &[("CHARGE", "first")], bound: f64::INFINITY }),
    ("django-hmac", Peer { kind: Kind::Django, variables: &[], bound: f64::INFINITY }),
    ("django-hmac-charged-first", Peer { kind: Kind::Django, variables: &[("CHARGE", "first")], bound: f64::INFINITY }),
    ("django-pbkdf2", Peer { kind: Kind::Django, variables: &[("HASHER", "pbkdf2_sha256")], bound: HASHES }),
    ("django-argon2", Peer { kind: Kind::Django, variables: &[("HASHER", "argon2")], bound: HASHES }),
];

/// The sidecar and these peers, asked the same.
fn beside(extent: &Extent) -> Group {
    let mut group = Vec::new();
    let mut add = |name: &str, base: Scenario, absent: Option<String>| {
        let mut add = |measurement: Measurement| group.push(measurement.at_most(FEW).unless(absent.clone()));
        for (call, asked) in [("send", Asked::Fresh(Call::SEND)), ("check-wrong", Asked::Check(Typed::Wrong))] {
            add(closed(format!("peer/{name}/{call}"), Scenario { asked, ..base }));
        }
        add(race(format!("race/{name}/guesses"), base.server, Race::Guesses));
        add(race(format!("race/{name}/right-code"), base.server, Race::RightCode));
    };
    let base = |server| Scenario::new(server, Asked::Fresh(Call::SEND));
    add("sidecar", base(HMAC), None);
    add("sidecar-argon2id", base(extent.hashing).hashing(), None);
    for (name, peer) in extent.peers {
        let base = base(Server::Peer(*peer));
        let base = if peer.bound.is_finite() { Scenario { bound: peer.bound, ..base.few() } } else { base };
        add(name, base, peer.absent());
    }
    group
}

/// Memory, and time to start.
fn resources(extent: &Extent) -> Group {
    let many = extent.users[extent.users.len() / 2];
    vec![
        with_address("memory/code-and-ip", HMAC, many).at_most(1),
        size("size/binary").at_most(1),
        idle("memory/idle", HMAC).at_most(FEW),
        connections("memory/connections", HMAC, extent.connections).at_most(FEW),
        start("start/own-redis", HMAC).at_most(FEW),
        embedded_start("start/embedded", HMAC).at_most(FEW),
    ]
}
