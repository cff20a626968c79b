//! The function library: `lua/`, joined into one text, which each primary is given (`FUNCTION LOAD`) and keeps.
//!
//! Its name, and so the name of each of its functions, carries a hash of the text: versions of this software run side by side
//! over one store, each with a library of its own. A function that a server does not know ran nothing: the library is loaded
//! and the call made again.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use redis::{Cmd, RedisError, RedisResult, Script as Sha, ServerError, aio::MultiplexedConnection};

use crate::{event::Kind, policy::Outcome};

/// What nearly every call fits: arguments, and their bytes.
const USUAL_ARGS: usize = 16;
const USUAL_BYTES: usize = 512;

/// An operation is one function of the library.
#[derive(Debug)]
pub struct Operation {
    /// The noun it stands for: file, metrics label.
    pub name: &'static str,
    /// The name under which Redis knows it.
    pub registered: String,
    /// `FCALL`, or `FCALL_RO` for one that only reads.
    pub verb: &'static str,
    /// Whether it may write an event (`register_event` of `lua/lib/register.lua`): then it is given the position that is known.
    pub writes_event: bool,
}

/// What is shared by the operations, in the order in which it is loaded.
const SHARED: &[&str] = &[
    include_str!("../../lua/lib/register.lua"),
    include_str!("../../lua/lib/log.lua"),
    include_str!("../../lua/lib/event.lua"),
    include_str!("../../lua/lib/network.lua"),
    include_str!("../../lua/lib/fields.lua"),
    include_str!("../../lua/lib/history.lua"),
    include_str!("../../lua/lib/outbox.lua"),
    include_str!("../../lua/lib/code.lua"),
    include_str!("../../lua/lib/failures.lua"),
    include_str!("../../lua/lib/lock.lua"),
    include_str!("../../lua/lib/subject.lua"),
    include_str!("../../lua/lib/purposes.lua"),
    include_str!("../../lua/lib/attempt.lua"),
    include_str!("../../lua/lib/claims.lua"),
    include_str!("../../lua/lib/answer.lua"),
    include_str!("../../lua/lib/sends.lua"),
    include_str!("../../lua/lib/check.lua"),
];

/// The operations, each file by itself.
const OPERATIONS: &[&str] = &[
    include_str!("../../lua/send.lua"),
    include_str!("../../lua/check.lua"),
    include_str!("../../lua/claim.lua"),
    include_str!("../../lua/settle.lua"),
    include_str!("../../lua/verification.lua"),
    include_str!("../../lua/message.lua"),
    include_str!("../../lua/guard.lua"),
    include_str!("../../lua/status.lua"),
    include_str!("../../lua/network.lua"),
    include_str!("../../lua/budget.lua"),
    include_str!("../../lua/lock.lua"),
    include_str!("../../lua/unlock.lua"),
    include_str!("../../lua/locks.lua"),
    include_str!("../../lua/note.lua"),
    include_str!("../../lua/person.lua"),
    include_str!("../../lua/start.lua"),
    include_str!("../../lua/fingerprints.lua"),
    include_str!("../../lua/barrier.lua"),
    include_str!("../../lua/positions.lua"),
    include_str!("../../lua/fence.lua"),
    include_str!("../../lua/typed.lua"),
    include_str!("../../lua/export.lua"),
    include_str!("../../lua/acknowledge.lua"),
    include_str!("../../lua/figures.lua"),
    include_str!("../../lua/shed.lua"),
    include_str!("../../lua/risk.lua"),
];

macro_rules! functions {
    ($($static:ident $name:literal $verb:literal $writes_event:literal,)*) => {
        $(
            #[doc = concat!("The function `", $name, "`.")]
            pub static $static: LazyLock<Operation> = LazyLock::new(|| Operation::new($name, $verb, $writes_event));
        )*

        /// Every function, for metrics and tests.
        pub fn all() -> Vec<&'static Operation> {
            vec![$(&$static,)*]
        }
    };
}

functions! {
    SEND "send" "FCALL" true,
    RESERVE "reserve" "FCALL" true,
    STORE "store" "FCALL" true,
    CHECK "check" "FCALL" true,
    CLAIM "claim" "FCALL" true,
    SETTLE "settle" "FCALL" true,
    CANCEL "cancel" "FCALL" true,
    DELIVERY "delivery" "FCALL" true,
    REPORT "report" "FCALL" true,
    GET "get" "FCALL_RO" false,
    DUE "due" "FCALL" false,
    MESSAGE_CLAIM "message_claim" "FCALL" true,
    MESSAGE_SETTLE "message_settle" "FCALL" true,
    STATUS "status" "FCALL_RO" false,
    GUARD_REQUEST "guard_request" "FCALL" true,
    GUARD_FAILURE "guard_failure" "FCALL" true,
    GUARD_SUCCESS "guard_success" "FCALL" true,
    IP_FAILURE "ip_failure" "FCALL" true,
    NETWORK "network" "FCALL" false,
    NETWORK_BACK "network_back" "FCALL" false,
    BUDGET "budget" "FCALL" false,
    POSITIONS "positions" "FCALL_RO" false,
    FENCE "fence" "FCALL" false,
    TYPED "typed" "FCALL_RO" false,
    BARRIER "barrier" "FCALL" false,
    NOTE "note" "FCALL" true,
    SHED "shed" "FCALL" true,
    ERASE "erase" "FCALL" true,
    PERSON "person" "FCALL" false,
    START "start" "FCALL" false,
    FINGERPRINTS "fingerprints" "FCALL" false,
    EXPORT "export" "FCALL" false,
    ACKNOWLEDGE "acknowledge" "FCALL" false,
    FIGURES "figures" "FCALL_RO" false,
    UNLOCK "unlock" "FCALL" true,
    UNBLOCK "unblock" "FCALL" true,
    LOCK "lock" "FCALL" true,
    LOCKS "locks" "FCALL_RO" false,
    INSPECT "inspect" "FCALL_RO" false,
    LOOK "look" "FCALL" true,
    RISK_PROFILE "risk_profile" "FCALL" false,
    RISK_TABLE "risk_table" "FCALL" false,
    RISK_PATTERN "risk_pattern" "FCALL" false,
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
    let body = numbered(&(SHARED.concat() + &operations));
    let hash = Sha::new(&body).get_hash().get(..16).unwrap_or_default().to_owned();
    let name = format!("otp_{hash}");
    let text = format!("#!lua name={name}\nlocal LIBRARY = '{name}'\n{body}");
    Library { name, text }
});

/// Puts the numbers of outcomes (`WRONG_CODE`) and of kinds of event (`EVENT_SEND`) in the place of their names: a library has room
/// for 200 locals.
fn numbered(text: &str) -> String {
    let outcomes = Outcome::ALL.iter().map(|outcome| (in_capitals(&format!("{outcome:?}")), *outcome as u8));
    let event = |kind: &Kind| format!("EVENT_{}", kind.label().replace('.', "_").to_uppercase());
    let kinds = Kind::ALL.iter().map(|kind| (event(kind), *kind as u8));
    let numbers: HashMap<_, _> = outcomes.chain(kinds).collect();
    let ends_word = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let put = |piece| {
        // Every name begins with a capital, and few pieces do.
        if !str::starts_with(piece, |c: char| c.is_ascii_uppercase()) {
            return Cow::Borrowed(piece);
        }
        let word = piece.trim_end_matches(ends_word);
        numbers.get(word).map_or(Cow::Borrowed(piece), |number| piece.replacen(word, &number.to_string(), 1).into())
    };
    text.split_inclusive(ends_word).map(put).collect()
}

/// `WrongCode` as `WRONG_CODE`.
fn in_capitals(name: &str) -> String {
    let words = name.chars().enumerate();
    let spaced = words.map(|(at, c)| if at > 0 && c.is_ascii_uppercase() { format!("_{c}") } else { c.to_string() });
    spaced.collect::<String>().to_uppercase()
}

impl Operation {
    fn new(name: &'static str, verb: &'static str, writes_event: bool) -> Self {
        Self { name, registered: format!("{}_{name}", LIBRARY.name), verb, writes_event }
    }

    /// Begins a call, up to its keys; in a cluster one more, which is never there ([`super::key::absent`]).
    pub(super) fn call(&self, keys: &[Vec<u8>], absent: Option<&str>) -> Cmd {
        let mut cmd = Cmd::with_capacity(USUAL_ARGS, USUAL_BYTES);
        cmd.arg(self.verb).arg(&self.registered).arg(keys.len() + usize::from(absent.is_some())).arg(keys).arg(absent);
        cmd
    }
}

/// The library's name.
pub fn library() -> &'static str {
    &LIBRARY.name
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
        Err(error) if error.detail().is_some_and(|why| why == format!("Library '{}' already exists", library())) => {
            Ok(())
        }
        loaded => loaded,
    }
}

/// Whether a call was of a function that the server does not know, so that nothing ran.
pub(super) fn unknown_function(error: &RedisError) -> bool {
    let unknown = |error: &ServerError| error.details().is_some_and(|why| why.starts_with("Function not found"));
    error.clone().into_server_errors().is_some_and(|errors| errors.iter().any(|(_, error)| unknown(error)))
}
