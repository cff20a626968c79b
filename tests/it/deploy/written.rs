//! Files that are made from the program itself: completions and manual pages from the definition of the command line, and the
//! rules of Prometheus as the operator of Kubernetes takes them. `UPDATE_DEPLOY=1 cargo test deploy::written` writes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command as Program,
};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use otp_sidecar::cli::Cli;

use super::{
    daemon::{deployed, read},
    prometheus::RULES,
};

const NAME: &str = "otp-sidecar";

/// The command line without what nobody types.
fn command(name: &'static str) -> Command {
    let whole = Cli::command();
    let visible = whole.get_subcommands().filter(|word| !word.is_hide_set()).cloned();
    let mut command = Command::new(name)
        .version(env!("CARGO_PKG_VERSION"))
        .about(whole.get_about().cloned().expect("a line about it"))
        .after_long_help(whole.get_after_long_help().cloned().expect("the variables"))
        .disable_help_subcommand(true)
        .subcommands(visible);
    command.build();
    command
}

/// [`NAME`] in one word.
const PLAIN: &str = "otpsidecar";

fn completions() -> BTreeMap<String, String> {
    let file = |(name, shell): (&str, Shell)| {
        let mut text = Vec::new();
        // The generator for bash takes the hyphen in our name for one of its own.
        let plain = if shell == Shell::Bash { PLAIN } else { NAME };
        clap_complete::generate(shell, &mut command(plain), plain, &mut text);
        let text = String::from_utf8(text).unwrap();
        (format!("completions/{name}"), text.replace(&format!(" {PLAIN}\n"), &format!(" {NAME}\n")))
    };
    [("otp-sidecar.bash", Shell::Bash), ("_otp-sidecar", Shell::Zsh), ("otp-sidecar.fish", Shell::Fish)]
        .map(file)
        .into_iter()
        .collect()
}

/// A page for the program, and one for each of its words.
fn pages(command: &Command, name: &str) -> BTreeMap<String, String> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text).unwrap();
    let mut pages = BTreeMap::from([(format!("man/{name}.1"), String::from_utf8(text).unwrap())]);
    for word in command.get_subcommands().filter(|word| word.get_name() != "help") {
        pages.extend(self::pages(word, &format!("{name}-{}", word.get_name())));
    }
    pages
}

/// The rules as one object of Kubernetes.
fn prometheus_rule() -> (String, String) {
    let mut text = "# Made from deploy/prometheus/rules: UPDATE_DEPLOY=1 cargo test deploy::written\n\
                    apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: otp-sidecar\n  \
                    labels:\n    app.kubernetes.io/name: otp-sidecar\nspec:\n  groups:\n"
        .to_owned();
    for file in RULES {
        let rules = read(&format!("prometheus/{file}"));
        let (_, groups) = rules.split_once("\ngroups:\n").expect("groups");
        for line in groups.lines() {
            let indent = if line.is_empty() { "" } else { "  " };
            text.push_str(&format!("{indent}{line}\n"));
        }
    }
    ("kubernetes/prometheusrule.yaml".to_owned(), text)
}

#[test]
fn all_are_as_the_program_says() {
    let mut files = completions();
    files.extend(pages(&command(NAME), NAME));
    files.extend([prometheus_rule()]);
    let update = std::env::var_os("UPDATE_DEPLOY").is_some();
    for (path, text) in &files {
        let at = deployed(path);
        if update {
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(&at, text).unwrap();
        }
        let there = fs::read_to_string(&at).unwrap_or_default();
        assert!(there == *text, "deploy/{path} is out of date: UPDATE_DEPLOY=1 cargo test deploy::written");
    }
    for dir in ["completions", "man"] {
        let there = fs::read_dir(deployed(dir)).unwrap();
        let there: BTreeSet<_> =
            there.map(|file| format!("{dir}/{}", file.unwrap().file_name().to_string_lossy())).collect();
        let made: BTreeSet<_> = files.keys().filter(|path| path.starts_with(dir)).cloned().collect();
        assert_eq!(there, made);
    }
}

#[test]
fn no_file_offers_what_nobody_types() {
    for (path, text) in completions().into_iter().chain(pages(&command(NAME), NAME)) {
        assert!(!text.contains("guard-redis"), "{path}");
    }
}

/// What bash offers after these words.
fn offered(words: &[&str]) -> Vec<String> {
    let script = "source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                  _otpsidecar otp-sidecar \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"; \
                  printf '%s\\n' \"${COMPREPLY[@]}\"";
    let done = Program::new("bash")
        .args(["--norc", "-c", script, "bash"])
        .arg(deployed("completions/otp-sidecar.bash"))
        .args(words)
        .output()
        .expect("bash");
    assert!(done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn a_shell_completes_words_and_options() {
    assert_eq!(offered(&["otp-sidecar", "unl"]), ["unlock"]);
    assert_eq!(offered(&["otp-sidecar", "audit", "v"]), ["verify"]);
    assert_eq!(offered(&["otp-sidecar", "inspect", "--ten"]), ["--tenant"]);
}

#[test]
fn the_manual_is_sound_and_says_what_help_says() {
    let pages: Vec<_> = fs::read_dir(deployed("man")).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(pages.len() > 15, "{pages:?}");
    let done = Program::new("mandoc").args(["-Tlint", "-Werror"]).args(&pages).output();
    let done = done.expect("mandoc; `make test-deps` installs it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    let shown = Program::new("mandoc").args(["-Tascii"]).arg(deployed("man/otp-sidecar.1")).output().unwrap();
    // Bold is a letter struck over itself.
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    let plain: String = strike_free(&text);
    for word in ["unlock", "OTP_PEPPER", "MAX_ATTEMPTS_PER_USER_PER_HOUR"] {
        assert!(plain.contains(word), "{word}: {plain}");
    }
}

fn strike_free(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        if c == '\u{8}' {
            plain.pop();
        } else {
            plain.push(c);
        }
    }
    plain
}
