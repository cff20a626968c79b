//! The function library: `lua/`, joined into one text, which each primary is given (`FUNCTION LOAD`) and keeps.
//!
//! Its name, and so the name of each of its functions, carries a hash of the text: versions of this software run side by side
//! over one store, each with a library of its own. A function that a server does not know ran nothing: the library is loaded
//! and the call made again.

use std::sync::LazyLock;

use redis::{Cmd, Script as Sha};

/// One operation of the store.
#[derive(Debug)]
pub struct Function {
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
            pub static $static: LazyLock<Function> = LazyLock::new(|| Function::new($name, $verb));
        )*

        const OPERATIONS: &[&str] = &[$(include_str!(concat!("../../lua/", $name, ".lua")),)*];

        /// Every function, for metrics and tests.
        pub fn all() -> Vec<&'static Function> {
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
    EXPORT "export" "FCALL",
    ACKNOWLEDGE "acknowledge" "FCALL",
    FIGURES "figures" "FCALL_RO",
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

impl Function {
    fn new(name: &'static str, verb: &'static str) -> Self {
        Self { name, registered: format!("{}_{name}", LIBRARY.name), verb }
    }
}

/// The command that gives a server the library; one that has it says so.
pub fn load() -> Cmd {
    let mut cmd = redis::cmd("FUNCTION").arg("LOAD").to_owned();
    cmd.arg(&LIBRARY.text);
    cmd
}
