//! The ways in which commands ask the admin listener.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use super::{
    call::Command,
    client::{ANSWERED_WITHIN, Client},
    console::Console,
    render::{at, list, text_of},
    text::{inert, inert_json},
};
use crate::cli::exit::{Exit, Failure};

/// A million subjects take minutes, and so do all of a sidecar's trails.
const ALL_WITHIN: Duration = Duration::from_secs(3600);
/// A probe that takes longer is a probe that failed.
const PROBED_WITHIN: Duration = Duration::from_secs(5);
/// Most entries that one call gives.
const PAGE: u64 = 1000;

/// Asks and shows the answer.
pub fn get(given: &Command, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
    let fields = given.fields();
    let parameters: Vec<_> = fields.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect();
    let answer = client.get(given.call.path, &parameters)?;
    show(given, &answer, console)
}

/// Asks, once somebody is named and what must be asked was answered, and shows the answer.
pub fn post(given: &Command, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
    let answer = ask(given, client, console)?;
    show(given, &answer, console)
}

/// The same, where an answer that nobody was unlocked is no success.
pub fn unlock(given: &Command, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
    let answer = ask(given, client, console)?;
    if given.has("all") || at(&answer, "unlocked") != 0 {
        return show(given, &answer, console);
    }
    let like = if given.text("subject").is_some() { ", and who has a name like theirs" } else { "" };
    let look = "`otp-sidecar inspect` says what is known of them";
    let why = match given.display_name() {
        Some(name) => format!("nobody was unlocked: nothing stops {name}; {look}{like}"),
        None => "nothing was unlocked: nothing stops this network".to_owned(),
    };
    in_vain(given, &answer, why, console)
}

/// The same, where an answer that there was nobody to erase is no success.
pub fn erase(given: &Command, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
    let answer = ask(given, client, console)?;
    if at(&answer, "erased") != false {
        return show(given, &answer, console);
    }
    in_vain(given, &answer, format!("nobody was erased: {}", never_seen(given, &answer)), console)
}

/// Ends a command that found nobody; the answer is for programs alone.
fn in_vain(given: &Command, answer: &Value, why: String, console: &mut Console<'_>) -> Result<(), Failure> {
    if given.has("json") {
        show(given, answer, console)?;
    }
    Err(Failure::said(Exit::Refused, why))
}

/// That nobody ever saw who is named, and who has a name like theirs.
fn never_seen(given: &Command, answer: &Value) -> String {
    let near =
        list(answer, "near").iter().map(|one| format!("{} of {}", text_of(one, "subject"), text_of(one, "tenant")));
    let near = match (near.collect::<Vec<_>>().join(", "), given.text("subject")) {
        (none, Some(_)) if none.is_empty() => ", nor was anybody under a spelling near it".to_owned(),
        (_, None) => String::new(),
        (near, _) => format!("; under a spelling near it was {near}"),
    };
    let name = given.display_name().unwrap_or_default();
    format!("{name} was never seen, as far as is remembered{near}")
}

fn ask(given: &Command, client: &Client, console: &mut Console<'_>) -> Result<Value, Failure> {
    let mut body = given.fields();
    for flag in ["all", "sends"].into_iter().filter(|flag| given.has(flag)) {
        body.insert(flag.into(), json!(true));
    }
    match given.call.question {
        None => drop(given.user()?),
        Some(question) => {
            let question = question(given)?;
            body.insert("reason".into(), json!(console.reason(given.text("reason"))?));
            console.confirm(&question, given.has("yes"))?;
        }
    }
    let within = if given.has("all") { ALL_WITHIN } else { ANSWERED_WITHIN };
    client.post(given.call.path, &Value::Object(body), within)
}

/// Prints what is answered as it comes, in whole lines, so that no character is cut.
pub fn stream(given: &Command, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
    given.user()?;
    let (mut unfinished, mut head) = (Vec::new(), None);
    let print = |piece: &[u8]| -> Result<(), Failure> {
        unfinished.extend_from_slice(piece);
        if let Some(end) = unfinished.iter().rposition(|byte| *byte == b'\n') {
            let lines: Vec<u8> = unfinished.drain(..=end).collect();
            let lines = String::from_utf8_lossy(&lines);
            // All but the events, which begin on a line of their own.
            head.get_or_insert_with(|| format!("{}]}}", lines.lines().next().unwrap_or_default()));
            write!(console.out, "{}", inert_json(&lines))?;
        }
        Ok(())
    };
    client.post_streamed(given.call.path, &Value::Object(given.fields()), ALL_WITHIN, print)?;
    console.out.flush()?;
    let head: Value = serde_json::from_str(&head.unwrap_or_default()).unwrap_or_default();
    if at(&head, "seen") != false {
        return Ok(());
    }
    let only = "all that is printed is calls that came to nothing and looks of operators";
    Err(Failure::said(Exit::Refused, format!("{only}: {}", never_seen(given, &head))))
}

/// Asks page by page until as many entries are there as were asked for.
pub fn pages(given: &Command, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
    let (mut locks, mut cursor) = (Vec::new(), given.text("cursor").map(str::to_owned));
    let wanted = if given.has("all") { u64::MAX } else { given.value("limit").and_then(Value::as_u64).unwrap_or(PAGE) };
    loop {
        let limit = wanted.saturating_sub(locks.len() as u64).min(PAGE);
        if limit == 0 {
            break;
        }
        let limit = limit.to_string();
        let mut parameters = vec![("limit", limit.as_str())];
        parameters.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = client.get(given.call.path, &parameters)?;
        locks.extend_from_slice(list(&page, "locks"));
        cursor = Some(text_of(&page, "next_cursor").to_owned()).filter(|cursor| !cursor.is_empty());
        if cursor.is_none() {
            break;
        }
    }
    show(given, &json!({"locks": locks, "next_cursor": cursor}), console)?;
    match cursor.filter(|_| !given.has("json")) {
        Some(cursor) => Ok(writeln!(console.err, "There are more: --cursor {cursor}")?),
        None => Ok(()),
    }
}

/// Asks whether calls can be decided: [`Exit::Refused`] if not, [`Exit::Unreachable`] if there is no answer.
pub fn probe(given: &Command, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
    let answer = client.call(Method::GET, given.call.path, None, PROBED_WITHIN)?;
    match (answer.status, text_of(&answer.body, "status"), text_of(&answer.body, "reason")) {
        (200, "ready", _) => show(given, &answer.body, console),
        (_, "not_ready", reason) => Err(Failure::said(Exit::Refused, format!("not ready: {}", inert(reason)))),
        (status, ..) => Err(Failure::said(Exit::Refused, format!("not ready: the answer was HTTP {status}"))),
    }
}

/// Writes an answer: as it came for programs, else for people.
pub fn show(given: &Command, answer: &Value, console: &mut Console<'_>) -> Result<(), Failure> {
    if given.has("json") {
        return Ok(writeln!(console.out, "{}", inert_json(&format!("{answer:#}")))?);
    }
    Ok(write!(console.out, "{}", (given.call.show)(given, answer))?)
}
