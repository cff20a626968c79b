//! The function library, as a server is given it.

use std::collections::HashSet;

use otp_sidecar::store::functions::{all, loading};

/// Its text.
fn library() -> String {
    let loading = loading();
    let Some(redis::Arg::Simple(text)) = loading.args_iter().last() else { panic!("no text") };
    String::from_utf8(text.to_vec()).unwrap()
}

#[test]
fn those_that_may_write_an_event_are_the_same_on_both_sides() {
    let text = library();
    for operation in all() {
        let registered = text.contains(&format!("register_event('{}'", operation.name));
        assert_eq!(registered, operation.writes_event, "{}", operation.name);
    }
}

/// In Lua a name that nothing declares is found out only where it is used.
#[test]
fn each_constant_that_is_used_is_declared_or_a_number() {
    let text = library();
    let code = text.lines().map(|line| line.split("--").next().unwrap_or_default());
    let code: Vec<String> = code.map(|line| line.split('\'').step_by(2).collect::<Vec<_>>().join(" ")).collect();
    let constants = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let constant = |word: &&str| word.len() > 1 && word.starts_with(|c: char| c.is_ascii_uppercase());
        words
            .filter(constant)
            .filter(|word| !word.contains(|c: char| c.is_ascii_lowercase()))
            .map(str::to_owned)
            .collect()
    };
    let declared = |line: &String| {
        line.trim_start().strip_prefix("local ").map(|names| constants(names.split('=').next().unwrap_or_default()))
    };
    let known: HashSet<String> = code.iter().filter_map(declared).flatten().collect();
    // Fields of tables that a function makes for itself.
    let own = ["FCALL", "FCALL_RO", "LOG_WARNING"];
    let unknown: Vec<_> = code
        .iter()
        .flat_map(|line| constants(line))
        .filter(|name| !known.contains(name) && !own.contains(&name.as_str()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
