//! What lies there at the end. I5: every key ends by itself, but the few that must not. I7: no code, no subject and no IP
//! stands anywhere, in servers, files or logs.

use std::collections::BTreeSet;

use memchr::memmem;

use super::{
    client::{ALPHABET, LENGTH},
    history::{History, Told},
    plan::{IPS, SUBJECTS},
    world::World,
};
use crate::support::Redis;

/// Keys that end only by an operator's act.
const LASTING: [&str; 7] = [":epoch", ":owner", "index-key", ":audit-key", ":exported", ":disabled", ":events"];

/// See the module; all that is wrong, in words.
pub fn look(world: &World, history: &History) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut places = world.files();
    places.push(("the sidecars' logs".into(), world.crew.log().join("\n").into_bytes()));
    for server in world.store.primaries() {
        for Key { name, ttl, dump } in keys(server) {
            let lasting = LASTING.iter().any(|end| name.ends_with(end));
            if ttl == -1 && !lasting {
                wrong.push(format!("I5: {name} never ends"));
            }
            places.push((name, dump));
        }
    }
    let secrets = Secrets::of(history);
    wrong.extend(places.iter().flat_map(|(place, bytes)| {
        secrets.found(bytes).into_iter().map(move |secret| format!("I7: {secret} stands in {place}"))
    }));
    wrong
}

/// A key: the ms until it ends, -1 for never, -2 for gone, and its name with all that it holds.
struct Key {
    name: String,
    ttl: i64,
    dump: Vec<u8>,
}

fn keys(server: &Redis) -> Vec<Key> {
    // Or the dump of a long text would not be that text.
    server.cli(&["CONFIG", "SET", "rdbcompression", "no"]);
    let mut to = server.connect();
    let read = |key: Vec<u8>| {
        let mut asking = redis::pipe();
        asking.cmd("PTTL").arg(&key).cmd("DUMP").arg(&key);
        let (ttl, dump): (i64, Option<Vec<u8>>) = asking.query(&mut to).expect("a key");
        Key { name: key.escape_ascii().to_string(), ttl, dump: [dump.unwrap_or_default(), key].concat() }
    };
    server.keys().into_iter().map(read).collect()
}

/// What must not be found.
struct Secrets {
    /// Codes that were issued or typed.
    codes: BTreeSet<Vec<u8>>,
}

impl Secrets {
    fn of(history: &History) -> Self {
        let issued = history.calls.iter().filter_map(|call| match &call.told {
            Told::Issued { code, .. } => code.clone(),
            _ => None,
        });
        let typed = history.calls.iter().filter_map(|call| call.asked.code.clone());
        Self { codes: issued.chain(typed).map(String::into_bytes).collect() }
    }

    fn found(&self, bytes: &[u8]) -> Vec<String> {
        let upper = bytes.to_ascii_uppercase();
        let stands = |text: &[u8]| memmem::find(&upper, text).is_some();
        let named = SUBJECTS.iter().chain(&IPS).filter(|name| {
            let in_capitals = name.to_ascii_uppercase();
            [in_capitals.clone(), hex(&in_capitals), hex(name)].iter().any(|form| stands(form.as_bytes()))
        });
        let mut found: Vec<String> = named.map(|name| (*name).to_owned()).collect();
        found.extend(runs(&upper, |byte| ALPHABET.as_bytes().contains(byte)).flat_map(|run| self.of_run(run)));
        found.extend(runs(&upper, u8::is_ascii_hexdigit).flat_map(|run| {
            [0, 1]
                .into_iter()
                .flat_map(|from| self.of_run(&unhex(run.get(from..).unwrap_or_default()).to_ascii_uppercase()))
        }));
        found
    }

    fn of_run(&self, run: &[u8]) -> Vec<String> {
        let windows = run.windows(LENGTH).filter(|window| self.codes.contains(*window));
        windows.map(|code| String::from_utf8_lossy(code).into_owned()).collect()
    }
}

/// The longest stretches of such bytes.
fn runs<'a>(bytes: &'a [u8], is: impl Fn(&u8) -> bool + 'a) -> impl Iterator<Item = &'a [u8]> {
    bytes.split(move |byte| !is(byte)).filter(|run| run.len() >= LENGTH)
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02X}")).collect()
}

fn unhex(digits: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or(0) as u8;
    digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[test]
fn a_secret_is_found_in_each_of_its_forms() {
    let secrets = Secrets { codes: BTreeSet::from([b"BCDFGHJKLMNP".to_vec()]) };
    let found = |text: &str| secrets.found(text.as_bytes()).len();
    assert_eq!(found("nothing to see, 203.0.113.1, BCDFGHJKLMNQ"), 0);
    assert_eq!(found("…\"BCDFGHJKLMNP\"…"), 1);
    assert_eq!(found("xbcdfghjklmnpx"), 1);
    assert_eq!(found(&format!("0{}", hex("BCDFGHJKLMNP"))), 1);
    assert_eq!(found("Bob.Bemer@simulated.example"), 1);
    assert_eq!(found(&hex("bcdfghjklmnp").to_ascii_lowercase()), 1);
    assert_eq!(found(&hex("203.0.113.171")), 1);
    assert_eq!(found(&hex("bob.bemer@simulated.example").to_ascii_lowercase()), 1);
}
