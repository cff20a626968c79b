//! What an operator's command is: a call of the admin listener, its arguments, and how its answer is shown.

use clap::{
    Arg, ArgAction, ArgMatches,
    builder::{StringValueParser, TypedValueParser},
};
use serde_json::{Map, Value};

use super::{client::Client, console::Console};
use crate::cli::exit::{Exit, Failure};

/// What somebody is to say yes to; an error where it is not said whom it is about.
pub(super) type Question = fn(&Command) -> Result<String, Failure>;

/// Asks and prints.
type Run = fn(&Command, &Client, &mut Console<'_>) -> Result<(), Failure>;

/// One command. Words, completions and the manual are made from these rows.
#[derive(Debug)]
pub struct Call {
    /// The word of the command line.
    pub(super) name: &'static str,
    /// What it does, in one line.
    pub(super) about: &'static str,
    /// Where it is asked.
    pub(super) path: &'static str,
    /// How it is asked and printed.
    pub(super) run: Run,
    /// What can be said with it. What is no flag is a field of the call, by its name.
    pub(super) arguments: fn() -> Vec<Arg>,
    /// What must be answered with yes before it is done; it is then done for a reason.
    pub(super) question: Option<Question>,
    /// The answer for people.
    pub(super) show: fn(&Command, &Value) -> String,
}

/// An option whose value is a text.
pub(super) fn text(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help).value_parser(StringValueParser::new().map(Value::from))
}

/// The same for a whole number.
pub(super) fn number(name: &'static str, min: u64, max: u64, help: &'static str) -> Arg {
    let least = if max == u64::MAX { format!("{min} or more") } else { format!("from {min} to {max}") };
    text(name, "N", help).value_parser(move |text: &str| {
        let number = text.parse::<u64>().ok().filter(|number| (min..=max).contains(number));
        number.map(Value::from).ok_or_else(|| format!("it must be a whole number, {least}"))
    })
}

/// Something that is said or not.
pub(super) fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

/// An operator's command as it was given.
#[derive(Debug, Clone)]
pub struct Command {
    pub(super) call: &'static Call,
    pub(super) matches: ArgMatches,
}

impl Command {
    /// What was said by this name.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.matches.try_get_one::<Value>(name).ok()?
    }

    /// A text that was said.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.as_str()
    }

    /// All texts that were said by this name.
    pub(super) fn texts(&self, name: &str) -> Vec<&str> {
        let values = self.matches.try_get_many::<Value>(name).ok().flatten();
        values.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Whether a flag was said.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.matches.try_get_one::<bool>(flag).is_ok_and(|said| said == Some(&true))
    }

    /// The fields of the call.
    pub(super) fn fields(&self) -> Map<String, Value> {
        let names = self.matches.ids().map(|id| id.as_str());
        names.filter_map(|name| Some((name.to_owned(), self.value(name)?.clone()))).collect()
    }

    /// Whom it is about, in words; somebody must be named.
    pub(super) fn user(&self) -> Result<String, Failure> {
        self.display_name().ok_or_else(|| Failure::said(Exit::Usage, "name a user: SUBJECT, or --ref"))
    }

    /// Whom it is about, in words, if a user is named.
    pub(super) fn display_name(&self) -> Option<String> {
        match (self.text("subject"), self.text("tenant"), self.text("subject_ref")) {
            (Some(subject), Some(tenant), _) => Some(format!("{subject} of {tenant}")),
            (Some(subject), None, _) => Some(subject.to_owned()),
            (None, _, reference) => Some(format!("the user {}", reference?)),
        }
    }
}

impl PartialEq for Command {
    fn eq(&self, other: &Self) -> bool {
        self.call.name == other.call.name && self.fields() == other.fields()
    }
}

impl Eq for Command {}
