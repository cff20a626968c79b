//! Secrets that name their bearer: `tenant:secret` for the app, `name:secret` for operators.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    reader::{Given, Reader, set},
    table as env,
    variable::Typed,
};

/// Fewest characters of a secret: 32 of the 64 that base64 has are 192 bits, and a typed pass phrase is shorter.
const SHORTEST: usize = 32;

/// A secret that names its bearer: the tenant of an app's key, the actor of an operator's.
#[derive(Debug, Clone)]
pub struct NamedKey {
    /// Tenant or actor, `[a-z0-9_-]{1,32}`.
    pub name: String,
    /// At least 32 visible ASCII characters, no comma.
    pub secret: SecretString,
}

/// The keys of both listeners.
#[derive(Debug)]
pub struct Keys {
    /// Who may call the app's interface (`OTP_API_KEYS`). Empty: anyone on loopback, as tenant `default`.
    pub api: Vec<NamedKey>,
    /// Who may change things on the admin listener (`OTP_ADMIN_KEYS`).
    pub admin: Vec<NamedKey>,
    /// Who may look at things there (`OTP_VIEWER_KEYS`).
    pub viewer: Vec<NamedKey>,
}

pub(super) fn read(r: &mut Reader) -> Keys {
    let lists = [&env::OTP_API_KEYS, &env::OTP_ADMIN_KEYS, &env::OTP_VIEWER_KEYS].map(|variable| list(r, variable));
    check_apart(r, &lists);
    let [api, admin, viewer] = lists.map(|list| list.into_iter().map(|entry| entry.key).collect());
    Keys { api, admin, viewer }
}

/// A well-formed key, and where it stands.
struct Entry {
    variable: String,
    number: usize,
    key: NamedKey,
}

fn list(r: &mut Reader, variable: &Typed<SecretString>) -> Vec<Entry> {
    let Some(given) = r.secret(variable) else { return Vec::new() };
    let mut list = Vec::new();
    for (number, entry) in (1..).zip(entries(&given)) {
        let key = parse(entry).map_err(|problem| format!("entry {number} {problem}"));
        list.extend(r.right(&given.variable, key).map(|key| Entry { variable: given.variable.clone(), number, key }));
    }
    r.show(variable.row.name, set(list.len(), "key"));
    list
}

/// In a file, lines separate entries too, and blank ones mean nothing; an empty entry between commas is a secret that
/// was not filled in.
fn entries(given: &Given) -> impl Iterator<Item = &str> {
    let lines = given.text.expose_secret().split(|c| given.from_file && c == '\n');
    let filled = lines.filter(|line| !given.from_file || !line.trim().is_empty());
    filled.flat_map(|line| line.split(',')).map(str::trim)
}

/// Never repeats any part of the entry: in a swapped pair the secret stands where the name should.
fn parse(entry: &str) -> Result<NamedKey, String> {
    if entry.is_empty() {
        return Err("is empty".into());
    }
    let (name, secret) = entry.split_once(':').ok_or("is not of the form `name:secret`")?;
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    if !(1..=32).contains(&name.len()) || !name.bytes().all(allowed) {
        return Err("must begin with a name of 1 to 32 of a to z, 0 to 9, `_` and `-`, then a colon".into());
    }
    if secret.len() < SHORTEST {
        return Err(format!("has a secret of {} characters; at least {SHORTEST} are needed", secret.chars().count()));
    }
    if !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("has a secret with characters other than visible ASCII".into());
    }
    Ok(NamedKey { name: name.to_owned(), secret: secret.into() })
}

/// One secret must mean one bearer with one set of rights.
fn check_apart(r: &mut Reader, lists: &[Vec<Entry>; 3]) {
    let mut seen: BTreeMap<&str, &Entry> = BTreeMap::new();
    for entry in lists.iter().flatten() {
        let Entry { variable, number, key } = entry;
        let first = *seen.entry(key.secret.expose_secret()).or_insert(entry);
        if (&first.variable, &first.key.name) != (variable, &key.name) {
            let (of, at) = (&first.variable, first.number);
            r.mistake(variable, format!("entry {number} has the same secret as entry {at} of {of}"));
        }
    }
}
