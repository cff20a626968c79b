//! The scripts under `lua/`, joined with what they share and known by their SHA-1.

use std::sync::LazyLock;

use redis::Script as Sha;

/// One operation of the store.
#[derive(Debug)]
pub struct Script {
    /// The noun it stands for: file, metrics label.
    pub name: &'static str,
    /// What Redis runs, beginning with `#!lua`.
    pub body: &'static str,
    /// Its SHA-1 in hex, by which Redis knows it.
    pub sha: String,
    /// What a server of a cluster runs: the same without the last of its keys ([`super::key::absent`]).
    pub clustered: String,
    /// Its SHA-1.
    pub clustered_sha: String,
}

impl Script {
    fn new(name: &'static str, body: &'static str) -> Self {
        let sha = |body: &str| Sha::new(body).get_hash().to_owned();
        let (first, rest) = body.split_once('\n').unwrap_or((body, ""));
        let clustered = format!("{first}\nKEYS[#KEYS] = nil\n{rest}");
        Self { name, body, sha: sha(body), clustered_sha: sha(&clustered), clustered }
    }
}

macro_rules! script {
    ($static:ident, $name:literal, $shebang:literal, [$($lib:literal),*]) => {
        #[doc = concat!("`lua/", $name, ".lua`")]
        pub static $static: LazyLock<Script> = LazyLock::new(|| {
            let body = concat!(
                $shebang, "\n",
                $(include_str!(concat!("../../lua/lib/", $lib, ".lua")), "\n",)*
                include_str!(concat!("../../lua/", $name, ".lua"))
            );
            Script::new($name, body)
        });
    };
    // With a straight way through the common case before it (`lua/fast/`): what that one read is handed on.
    ($static:ident, $name:literal, fast, $shebang:literal, [$($lib:literal),*]) => {
        #[doc = concat!("`lua/", $name, ".lua`, after `lua/fast/", $name, ".lua`")]
        pub static $static: LazyLock<Script> = LazyLock::new(|| {
            let body = concat!(
                $shebang, "\n",
                include_str!(concat!("../../lua/fast/", $name, ".lua")),
                "local answer, clock, got = fast()\nif answer then return answer end\nreturn (function(...)\n",
                $(include_str!(concat!("../../lua/lib/", $lib, ".lua")), "\n",)*
                include_str!(concat!("../../lua/", $name, ".lua")),
                "end)(clock, got)\n"
            );
            Script::new($name, body)
        });
    };
}

script!(
    SEND,
    "send",
    fast,
    "#!lua",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event", "open",
        "answer", "spend", "lock", "claims"
    ]
);
script!(
    RESERVE,
    "reserve",
    "#!lua",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event", "open",
        "answer", "spend", "lock", "claims"
    ]
);
script!(
    STORE,
    "store",
    "#!lua",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event", "open",
        "answer", "spend", "lock", "claims"
    ]
);
script!(
    CHECK,
    "check",
    fast,
    "#!lua",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event", "open",
        "answer", "target", "lock", "attempt", "claims", "checked"
    ]
);
script!(
    CLAIM,
    "claim",
    "#!lua",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event", "open",
        "answer", "target", "lock", "attempt", "claims", "checked"
    ]
);
script!(
    SETTLE,
    "settle",
    "#!lua",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event", "open",
        "answer", "target", "lock", "attempt", "claims", "checked"
    ]
);
script!(
    CANCEL,
    "cancel",
    "#!lua flags=allow-oom",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event", "open",
        "target"
    ]
);
script!(
    DELIVERY,
    "delivery",
    "#!lua",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event", "open",
        "target"
    ]
);
script!(
    REPORT,
    "report",
    "#!lua flags=allow-oom",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event", "open",
        "target"
    ]
);
script!(
    GET,
    "get",
    "#!lua flags=no-writes",
    ["outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "open", "target"]
);
script!(
    STATUS,
    "status",
    "#!lua flags=no-writes",
    ["outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "open", "standing"]
);
script!(
    GUARD_REQUEST,
    "guard_request",
    fast,
    "#!lua",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event", "open",
        "spend"
    ]
);
script!(
    GUARD_FAILURE,
    "guard_failure",
    fast,
    "#!lua",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event", "open",
        "answer", "target", "lock", "attempt", "claims", "checked"
    ]
);
script!(
    GUARD_SUCCESS,
    "guard_success",
    "#!lua",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event", "open",
        "answer", "target", "lock", "attempt", "claims", "checked"
    ]
);
script!(NETWORK, "network", "#!lua", ["clock", "policy", "log", "ip"]);
script!(NETWORK_BACK, "network_back", "#!lua", ["clock", "log", "ip"]);
script!(BARRIER, "barrier", "#!lua flags=allow-oom", []);
script!(HOME, "home", "#!lua flags=allow-oom", ["outcome", "clock", "ended", "event"]);
script!(
    REPLAY,
    "replay",
    "#!lua flags=allow-oom",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event", "open",
        "lock"
    ]
);
script!(NOTE, "note", "#!lua", ["outcome", "clock", "ended", "event"]);
script!(IP_FAILURE, "ip_failure", "#!lua", ["outcome", "clock", "policy", "log", "ip", "ended", "event"]);
script!(START, "start", "#!lua", []);
script!(SHED, "shed", "#!lua flags=allow-oom", ["outcome", "act", "clock", "ended", "event"]);
script!(ERASE, "erase", "#!lua flags=allow-oom", ["outcome", "act", "clock", "ended", "event"]);
script!(PERSON, "person", "#!lua", []);
script!(EXPORT, "export", "#!lua flags=allow-oom", []);
script!(ACKNOWLEDGE, "acknowledge", "#!lua flags=allow-oom", ["tally"]);
script!(TALLY, "tally", "#!lua flags=allow-oom", ["tally"]);
script!(
    UNLOCK,
    "unlock",
    "#!lua flags=allow-oom",
    [
        "outcome", "act", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event",
        "open", "lock"
    ]
);
script!(
    UNBLOCK,
    "unblock",
    "#!lua flags=allow-oom",
    ["outcome", "act", "clock", "policy", "log", "ip", "ended", "event"]
);
script!(
    LOCK,
    "lock",
    "#!lua",
    [
        "outcome", "act", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "event",
        "open", "lock"
    ]
);
script!(LOCKS, "locks", "#!lua flags=no-writes", ["outcome", "clock", "log", "record", "settle", "place"]);
script!(
    INSPECT,
    "inspect",
    "#!lua flags=no-writes",
    [
        "outcome", "clock", "policy", "log", "ended", "record", "purpose", "settle", "history", "ip", "open", "spend",
        "standing"
    ]
);
script!(LOOK, "look", "#!lua flags=allow-oom", ["outcome", "clock", "ended", "event"]);

/// Every script, for metrics and tests.
pub fn all() -> [&'static Script; 34] {
    [
        &SEND,
        &RESERVE,
        &STORE,
        &CHECK,
        &CLAIM,
        &SETTLE,
        &CANCEL,
        &DELIVERY,
        &REPORT,
        &GET,
        &STATUS,
        &GUARD_REQUEST,
        &GUARD_FAILURE,
        &GUARD_SUCCESS,
        &IP_FAILURE,
        &NETWORK,
        &NETWORK_BACK,
        &HOME,
        &BARRIER,
        &REPLAY,
        &NOTE,
        &SHED,
        &ERASE,
        &PERSON,
        &START,
        &EXPORT,
        &ACKNOWLEDGE,
        &TALLY,
        &UNLOCK,
        &UNBLOCK,
        &LOCK,
        &LOCKS,
        &INSPECT,
        &LOOK,
    ]
}
