//! The operator's commands, one row each.

use std::net::IpAddr;

use clap::{Arg, ArgMatches, Error, FromArgMatches, Subcommand, error::ErrorKind};
use serde_json::Value;

use super::{
    call::{Call, Command, flag, number, text},
    events::{self, EVENTS},
    exchange::{erase, get, pages, post, probe, stream, unlock},
    inspect, page,
    render::{Column, at, column, instant_of, list, name_of, shown, table, text_of, words_of},
    review, stats,
    text::inert,
};
use crate::{
    cli::exit::{Exit, Failure},
    secret::Reference,
};

/// Makes of each row `name, about, path, how it is asked, arguments; question; answer` a command.
macro_rules! calls {
    ($($name:literal, $about:literal, $path:literal, $run:path, [$($argument:expr),*]; $question:expr; $show:expr;)+) => {
        /// Every command in the order it is listed.
        pub static CALLS: &[Call] = &[$(Call {
            name: $name, about: $about, path: $path, run: $run, arguments: || vec![$($argument),*],
            question: $question, show: $show,
        }),+];
    };
}

calls! {
    "locks", "List who is locked or disabled", "/admin/v1/locks", pages, [
        number("limit", 1, u64::MAX, "How many to list").default_value("100"),
        flag("all", "List all of them").conflicts_with("limit"),
        text("cursor", "CURSOR", "Go on where an earlier list ended"), json()
    ]; None; |_, answer| table(LOCKS, list(answer, "locks"), "Nobody is locked.\n");

    "unlock", "End a lock, a hard stop or a network's block", "/admin/v1/unlock", unlock, [
        subject(), tenant(), reference(),
        address("Forget the failures of this address's network").conflicts_with_all(["subject", "subject_ref"]),
        flag("all", "Unlock whoever is locked or disabled now")
            .conflicts_with_all(["subject", "subject_ref", "tenant", "ip"]),
        flag("sends", "End pauses and quotas of sends as well"), reason(), yes(), json()
    ]; Some(ask_unlock); unlocked;

    "lock", "Lock a user by hand", "/admin/v1/lock", post, [
        subject(), tenant(), reference(),
        number("minutes", 1, 57_600, "For how long, 1 to 57600 (40 days)").required(true), reason(), yes(), json()
    ]; Some(|given| {
        let (whom, minutes) = (given.user()?, given.value("minutes").unwrap_or(&Value::Null));
        let plural = if minutes == 1 { "" } else { "s" };
        Ok(format!("Lock {whom} for {minutes} minute{plural}? Every code of theirs is burnt."))
    }); |given, answer| {
        let until = inert(&instant_of(answer, "locked_until"));
        match (at(answer, "changed").as_bool(), at(answer, "seen").as_bool()) {
            (Some(false), _) => format!("A longer lock runs already, until {until}: it stays as it is.\n"),
            (_, Some(false)) => {
                let name = inert(&given.display_name().unwrap_or_default());
                format!("Locked until {until}. But {name} was never seen, as far as is remembered: `inspect` says who is near.\n")
            }
            _ => format!("Locked until {until}.\n"),
        }
    };

    "inspect", "Show all that is held of a user, why they are blocked and what would end it",
    "/admin/v1/subjects/inspect", post, [
        subject(), tenant(), reference(),
        text("purpose", "PURPOSE", "Whose pause and quota are told [default: login]"),
        address("Look at this address's network as well"), json()
    ]; None; |_, answer| inspect::text(answer);

    "export", "Print all that is held of a user, and nothing of anybody else",
    "/admin/v1/subjects/export", stream, [
        subject(), tenant(), reference(), reason(), flag("json", "As ever: it is always one JSON object").hide(true)
    ]; None; |_, _| String::new();

    "erase", "Destroy what is known of a user; locks and quotas stay", "/admin/v1/subjects/erase", erase, [
        subject(), tenant(), reference(), reason(), yes(), json()
    ]; Some(|given| {
        Ok(format!("Erase what is known of {}? It cannot be undone. Locks and quotas stay.", given.user()?))
    }); |_, _| "Erased: nothing in the trail can be opened for this user any more.\n".to_owned();

    "stats", "Show live codes, locks and what happened in the last hour and day, over all sidecars",
    "/admin/v1/stats", get, [json()]; None; |_, answer| stats::text(answer);

    "events", "Show the newest events, over all sidecars", "/admin/v1/events", events::run, [
        text("type", "TYPES", "Only these types, separated by commas (lockout,admin.unlock)"),
        number("limit", 1, 1000, "How many").default_value("100"),
        text("since", "TIME", "Only those of the last so long (10m, 2h, 1d)").value_parser(span),
        flag("follow", "Go on showing those that come, until interrupted").short('f'),
        flag("json", "Print one JSON object; with --follow one for each event, line by line")
    ]; None; |_, answer| table(EVENTS, &events::together(list(answer, "events")), "There are no events.\n");

    "report", "Print a review in Markdown: figures of a sidecar, or all that audit trails tell", "/admin/v1/report", get, [
        text("dirs", "DIR", "Trails, or directories of trails, which are verified first; no sidecar is asked then")
            .long(None).num_args(1..),
        text("since", "WHEN", "Since when: 30d, 12h, or an instant such as 2026-01-31T00:00:00Z").default_value("30d"),
        text("until", "WHEN", "Of trails: until when [default: now]").requires("dirs"),
        text("public_key", "FILE|KEY", "Of trails: the public key, in base64 or in a file (PEM)")
            .long("public-key").requires("dirs"),
        flag("html", "Print a page to be kept or printed, with the trend drawn").conflicts_with("json"),
        flag("json", "Print the figures as one JSON object")
    ]; None; |given, answer| if given.has("html") { page::page(answer) } else { review::markdown(answer) };

    "healthcheck", "Ask the admin listener whether calls can be decided: 0 yes, 1 no, 69 no answer",
    "/readyz", probe, []; None; |_, _| "ready\n".to_owned();
}

impl Subcommand for Command {
    fn augment_subcommands(command: clap::Command) -> clap::Command {
        let subcommand = |call: &Call| clap::Command::new(call.name).about(call.about).args((call.arguments)());
        command.subcommands(CALLS.iter().map(subcommand))
    }

    fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        CALLS.iter().any(|call| call.name == name)
    }
}

impl FromArgMatches for Command {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let found = matches.subcommand().and_then(|(name, matches)| {
            Some(Self { call: CALLS.iter().find(|call| call.name == name)?, matches: matches.clone() })
        });
        found.ok_or_else(|| Error::new(ErrorKind::InvalidSubcommand))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn subject() -> Arg {
    text("subject", "SUBJECT", "The user as the app knows them").long(None)
}

fn tenant() -> Arg {
    text("tenant", "TENANT", "Whose user it is; may be left out where there is but one tenant")
}

fn reference() -> Arg {
    let help = "The user as events name them: 32 hexadecimal digits, instead of SUBJECT";
    let read = |text: &str| {
        let reference = Reference::read(text.trim()).map(|reference| Value::from(reference.hex()));
        reference.ok_or("it must be 32 hexadecimal digits, the subject_ref of an event; a name goes without --ref")
    };
    text("subject_ref", "HEX", help).long("ref").value_parser(read).conflicts_with_all(["subject", "tenant"])
}

/// With white space around it, as calls take it.
fn address(help: &'static str) -> Arg {
    text("ip", "ADDRESS", help)
        .value_parser(|text: &str| text.trim().parse::<IpAddr>().map(|ip| Value::from(ip.to_string())))
}

/// A length of time, in ms.
fn span(text: &str) -> Result<Value, &'static str> {
    let span = humantime::parse_duration(text).map_err(|_| "it must be a length of time such as 10m, 2h or 1d")?;
    Ok(u64::try_from(span.as_millis()).unwrap_or(u64::MAX).into())
}

fn reason() -> Arg {
    text("reason", "REASON", "Why, for the audit trail")
}

fn yes() -> Arg {
    flag("yes", "Do not ask").short('y')
}

fn json() -> Arg {
    flag("json", "Print one JSON object")
}

fn ask_unlock(given: &Command) -> Result<String, Failure> {
    match (given.display_name(), given.text("ip"), given.has("all")) {
        (Some(name), None, false) => Ok(format!("Unlock {name}?")),
        (None, Some(ip), false) => Ok(format!("Forget the failures of the network of {ip}?")),
        (None, None, true) => Ok("Unlock EVERYBODY who is locked or disabled?".to_owned()),
        _ => Err(Failure::said(Exit::Usage, "say whom: SUBJECT, --ref, --ip or --all")),
    }
}

fn unlocked(given: &Command, answer: &Value) -> String {
    match answer.get("unlocked").and_then(Value::as_u64) {
        Some(0) => "There was nobody to unlock.\n".to_owned(),
        Some(1) if !given.has("all") => "Unlocked.\n".to_owned(),
        _ => format!("{} unlocked.\n", shown(answer, "unlocked")),
    }
}

const LOCKS: &[Column] = &[
    column("SUBJECT", "subject").by(name_of),
    column("TENANT", "tenant"),
    column("SINCE", "locked_at").time(),
    column("UNTIL", "locked_until").by(|lock, path| match text_of(lock, path) {
        "" => "an unlock".to_owned(),
        _ => instant_of(lock, path),
    }),
    column("LEVEL", "lock_level").number(),
    column("FAILURES", "failures").number(),
    column("REASON", "reason").by(words_of),
    column("REFERENCE", "subject_ref"),
];
