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
            Script { name: $name, body, sha: Sha::new(body).get_hash().to_owned() }
        });
    };
}

script!(
    SEND,
    "send",
    "#!lua",
    ["outcome", "clock", "policy", "log", "record", "purpose", "settle", "history", "ip", "event"]
);
script!(
    CHECK,
    "check",
    "#!lua",
    ["outcome", "clock", "policy", "log", "record", "purpose", "settle", "history", "target", "lock", "event"]
);
script!(
    CANCEL,
    "cancel",
    "#!lua flags=allow-oom",
    ["outcome", "clock", "policy", "log", "record", "purpose", "settle", "history", "target", "event"]
);
script!(
    GET,
    "get",
    "#!lua flags=no-writes",
    ["outcome", "clock", "policy", "log", "record", "purpose", "settle", "history", "target"]
);
script!(
    STATUS,
    "status",
    "#!lua flags=no-writes",
    ["outcome", "clock", "policy", "log", "record", "purpose", "settle"]
);
script!(START, "start", "#!lua", []);
script!(EXPORT, "export", "#!lua flags=allow-oom", []);
script!(ACKNOWLEDGE, "acknowledge", "#!lua flags=allow-oom", []);

/// Every script, for metrics and tests.
pub fn all() -> [&'static Script; 8] {
    [&SEND, &CHECK, &CANCEL, &GET, &STATUS, &START, &EXPORT, &ACKNOWLEDGE]
}
