//! The configuration as an operator meets it: an environment in, a [`Config`] or sentences out.

mod access;
mod client;
mod mistakes;
mod names;
mod presets;
mod properties;
mod secrets;
mod shown;
mod sinks;
mod store;
mod threads;
mod urls;
mod values;
mod weak;

use std::ffi::OsString;

use otp_sidecar::config::{Config, Diagnostic};

type Read = Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>>;

/// 32 bytes in base64 and in hex.
const PEPPER: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const INDEX_KEY: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";
const KEY: &str = "k3y-of-thirty-two-characters-0001";

fn read(variables: &[(&str, &str)]) -> Read {
    let pairs = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Config::from_env(pairs)
}

#[track_caller]
fn accepted(variables: &[(&str, &str)]) -> Config {
    read(variables).unwrap_or_else(|mistakes| panic!("{variables:?}: {mistakes:?}")).0
}

#[track_caller]
fn warnings(variables: &[(&str, &str)]) -> Vec<String> {
    read(variables).unwrap().1.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn refused(variables: &[(&str, &str)]) -> Vec<String> {
    match read(variables) {
        Ok(_) => panic!("{variables:?} was accepted"),
        Err(mistakes) => mistakes.iter().map(ToString::to_string).collect(),
    }
}

/// Exactly one mistake, which begins with `name` and holds `part`.
#[track_caller]
fn one_mistake(variables: &[(&str, &str)], name: &str, part: &str) {
    let mistakes = refused(variables);
    assert!(
        matches!(mistakes.as_slice(), [only] if only.starts_with(&format!("{name} ")) && only.contains(part)),
        "{variables:?}: {mistakes:?}"
    );
}
