//! The environment: never a panic, and no secret in anything that is shown of it.

use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};

use otp_sidecar::{
    cli::check_config,
    config::{Config, table::VARIABLES},
};

use super::{Try, choice::Choice};

pub const WORDS: &[&str] = &[
    "OTP_",
    "redis://",
    "rediss://",
    "unix:",
    "127.0.0.1:0",
    "shop:",
    ",",
    "__LOGIN",
    "_FILE",
    "15m",
    "5/10m",
    "off",
    "balanced",
    "argon2id",
    "true",
    "=",
    "+",
    "/",
    "0123456789abcdef",
    "shop:0123456789abcdef0123456789abcdef",
    "\n",
];

const SECRETS: [&str; 6] =
    ["OTP_API_KEYS", "OTP_ADMIN_KEYS", "OTP_VIEWER_KEYS", "OTP_PEPPER", "OTP_INDEX_KEY", "REDIS_URL"];
/// Stands in secrets and nowhere else.
const MARK: &str = "q7ZxVb93LwKt";

pub fn start() -> Try {
    Box::new(|data| {
        let mut choice = Choice(data);
        let mut variables = vec![("HOME".to_owned(), b"/nowhere".to_vec())];
        while !choice.is_empty() && variables.len() < 12 {
            variables.push(variable(&mut choice));
        }
        let pairs = || {
            let os = |bytes: &Vec<u8>| OsString::from_vec(bytes.clone());
            variables.iter().map(move |(name, value)| (OsString::from(name), os(value)))
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        for json in [false, true] {
            check_config::run(pairs(), json, None, &mut out, &mut err);
        }
        let read = Config::from_env(pairs());
        let shown = format!("{}{}{read:?}", String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
        assert!(!shown.contains(MARK), "{shown}");
        assert!(!read.is_err_and(|mistakes| mistakes.is_empty()), "refused without a reason");
    })
}

/// A variable of the table, perhaps for a purpose; a secret in good or bad form; or any name at all. Values hold no
/// zero byte, as in an environment.
fn variable(choice: &mut Choice<'_>) -> (String, Vec<u8>) {
    let kind = choice.below(8);
    let row = choice.below(VARIABLES.len());
    let text: Vec<u8> = choice.piece().iter().map(|&b| b.max(1)).collect();
    let name = VARIABLES[row].name;
    match kind {
        0..=2 if !name.ends_with("_FILE") => (name.to_owned(), text),
        3 => (format!("{name}__{}", String::from_utf8_lossy(&text).replace(['\0', '='], "_")), b"6".to_vec()),
        4 => (format!("OTP_{}", String::from_utf8_lossy(&text).replace(['\0', '='], "_")), b"1".to_vec()),
        // Never a path that leads anywhere: what a file may hold is tested by name.
        5 => (format!("{}_FILE", SECRETS[row % SECRETS.len()]), [b"/nowhere/", MARK.as_bytes(), &text].concat()),
        6 => well_formed(SECRETS[row % SECRETS.len()]),
        _ => (SECRETS[row % SECRETS.len()].to_owned(), [&text, MARK.as_bytes(), &text].concat()),
    }
}

fn well_formed(name: &str) -> (String, Vec<u8>) {
    let value = match name {
        "REDIS_URL" => format!("redis://:{MARK}@127.0.0.1"),
        "OTP_PEPPER" | "OTP_INDEX_KEY" => MARK.repeat(4),
        _ => format!("name:{}", MARK.repeat(3)),
    };
    (name.to_owned(), value.into_bytes())
}
