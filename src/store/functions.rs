//! The function library: `lua/`, joined into one text, which each primary is given (`FUNCTION LOAD`) and keeps.
//!
//! Its name, and so the name of each of its functions, carries a hash of the text: versions of this software run side by side
//! over one store, each with a library of its own. A function that a server does not know ran nothing: the library is loaded
//! and the call made again.

use std::sync::LazyLock;

use redis::{Cmd, RedisError, RedisResult, Script as Sha, ServerError, aio::MultiplexedConnection};

/// An operation is one function of the library.
#[derive(Debug)]
pub struct Operation {
    /// The noun it stands for: file, metrics label.
    pub name: &'static str,
    /// The name under which Redis knows it.
    pub registered: String,
    /// `FCALL`, or `FCALL_RO` for one that only reads.
    pub verb: &'static str,
}

/// What is shared by the operations, in the order in which it is loaded.
const SHARED: &[&str] = &[
    include_str!("../../lua/lib/register.lua"),
    include_str!("../../lua/lib/outcome.lua"),
    include_str!("../../lua/lib/policy.lua"),
    include_str!("../../lua/lib/log.lua"),
    include_str!("../../lua/lib/event.lua"),
    include_str!("../../lua/lib/network.lua"),
    include_str!("../../lua/lib/fields.lua"),
    include_str!("../../lua/lib/history.lua"),
    include_str!("../../lua/lib/code.lua"),
    include_str!("../../lua/lib/subject.lua"),
    include_str!("../../lua/lib/purposes.lua"),
    include_str!("../../lua/lib/lock.lua"),
    include_str!("../../lua/lib/attempt.lua"),
    include_str!("../../lua/lib/claims.lua"),
    include_str!("../../lua/lib/sends.lua"),
    include_str!("../../lua/lib/answer.lua"),
    include_str!("../../lua/lib/target.lua"),
    include_str!("../../lua/lib/standing.lua"),
    include_str!("../../lua/lib/place.lua"),
    include_str!("../../lua/lib/tally.lua"),
];

macro_rules! functions {
    ($($static:ident $name:literal $verb:literal,)*) => {
        $(
            #[doc = concat!("`lua/", $name, ".lua`")]
            pub static $static: LazyLock<Operation> = LazyLock::new(|| Operation::new($name, $verb));
        )*

        const OPERATIONS: &[&str] = &[$(include_str!(concat!("../../lua/", $name, ".lua")),)*];

        /// Every function, for metrics and tests.
        pub fn all() -> Vec<&'static Operation> {
            vec![$(&$static,)*]
        }
    };
}

functions! {
    SEND "send" "FCALL",
    RESERVE "reserve" "FCALL",
    STORE "store" "FCALL",
    CHECK "check" "FCALL",
    CLAIM "claim" "FCALL",
    SETTLE "settle" "FCALL",
    CANCEL "cancel" "FCALL",
    DELIVERY "delivery" "FCALL",
    REPORT "report" "FCALL",
    GET "get" "FCALL_RO",
    STATUS "status" "FCALL_RO",
    GUARD_REQUEST "guard_request" "FCALL",
    GUARD_FAILURE "guard_failure" "FCALL",
    GUARD_SUCCESS "guard_success" "FCALL",
    IP_FAILURE "ip_failure" "FCALL",
    NETWORK "network" "FCALL",
    NETWORK_BACK "network_back" "FCALL",
    HOME "home" "FCALL",
    BARRIER "barrier" "FCALL",
    NOTE "note" "FCALL",
    SHED "shed" "FCALL",
    ERASE "erase" "FCALL",
    PERSON "person" "FCALL",
    START "start" "FCALL",
    FINGERPRINTS "fingerprints" "FCALL",
    EXPORT "export" "FCALL",
    ACKNOWLEDGE "acknowledge" "FCALL",
    TALLY "tally" "FCALL",
    UNLOCK "unlock" "FCALL",
    UNBLOCK "unblock" "FCALL",
    LOCK "lock" "FCALL",
    LOCKS "locks" "FCALL_RO",
    INSPECT "inspect" "FCALL_RO",
    LOOK "look" "FCALL",
}

/// The library as one text.
#[derive(Debug)]
struct Library {
    name: String,
    text: String,
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    // What an operation keeps to itself is no local of the library, which may have 200.
    let operations: String = OPERATIONS.iter().map(|operation| format!("do\n{operation}end\n")).collect();
    let body = SHARED.concat() + &operations;
    let hash = Sha::new(&body).get_hash().get(..16).unwrap_or_default().to_owned();
    let name = format!("otp_{hash}");
    let text = format!("#!lua name={name}\nlocal LIBRARY = '{name}'\n{body}");
    Library { name, text }
});

impl Operation {
    fn new(name: &'static str, verb: &'static str) -> Self {
        Self { name, registered: format!("{}_{name}", LIBRARY.name), verb }
    }

    /// Begins a call, up to its keys.
    pub(super) fn call(&self, keys: &[Vec<u8>]) -> Cmd {
        let mut cmd = redis::cmd(self.verb);
        cmd.arg(&self.registered).arg(keys.len()).arg(keys);
        cmd
    }
}

/// The command that gives a server the library; one that has it says so.
pub fn loading() -> Cmd {
    let mut cmd = redis::cmd("FUNCTION").arg("LOAD").to_owned();
    cmd.arg(&LIBRARY.text);
    cmd
}

/// Gives a server the library, unless it has it.
pub(super) async fn load(redis: &mut MultiplexedConnection) -> RedisResult<()> {
    match loading().exec_async(redis).await {
        // Somebody else was quicker.
        Err(error) if error.detail().is_some_and(|why| why.contains("already exists")) => Ok(()),
        loaded => loaded,
    }
}

/// Whether a call was of a function that the server does not know, so that nothing ran.
pub(super) fn unknown_function(error: &RedisError) -> bool {
    let unknown = |error: &ServerError| error.details().is_some_and(|why| why.starts_with("Function not found"));
    error.clone().into_server_errors().is_some_and(|errors| errors.iter().any(|(_, error)| unknown(error)))
}
