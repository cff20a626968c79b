//! What must hold for any bytes at all, one file per noun.

mod bench;
mod body;
mod choice;
mod code;
mod environment;
mod event;
mod id;
mod record;
mod reply;
mod subject;
mod trail;

/// Tries one input; panics if what must hold does not.
pub type Try = Box<dyn FnMut(&[u8])>;

/// One noun to be tried.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Names its corpus.
    pub name: &'static str,
    /// Makes ready what its tries need.
    pub start: fn() -> Try,
    /// Words that its inputs are made of, for mutations that know nothing else.
    pub words: &'static [&'static str],
}

/// Every target.
pub const ALL: [Target; 9] = [
    Target { name: "body", start: body::start, words: body::WORDS },
    Target { name: "code", start: code::start, words: code::WORDS },
    Target { name: "environment", start: environment::start, words: environment::WORDS },
    Target { name: "event", start: event::start, words: &[] },
    Target { name: "id", start: id::start, words: &[] },
    Target { name: "record", start: record::start, words: &[] },
    Target { name: "reply", start: reply::start, words: &[] },
    Target { name: "subject", start: subject::start, words: subject::WORDS },
    Target { name: "trail", start: trail::start, words: trail::WORDS },
];
