//! What the pages tell somebody to type can be typed.

use std::{fs, path::Path};

use otp_sidecar::cli;

use super::{links::documents, pages::PAGES};
use crate::deploy::runbooks::words;

/// What is made by the commands themselves.
const MADE: [&str; 3] = ["deploy/otp.env", "deploy/otp.acl", "deploy/grafana.password"];

/// A block for a shell.
#[derive(Debug, Clone, Copy)]
pub struct Shell {
    pub text: &'static str,
    /// Whether a mark above it says what answer it gets.
    pub marked: bool,
}

/// Blocks for a shell, in the order of the pages.
pub fn shells() -> impl Iterator<Item = Shell> {
    PAGES.iter().flat_map(|page| {
        let pieces: Vec<_> = page.text.split("```sh\n").collect();
        let blocks = pieces
            .windows(2)
            .map(|pair| Shell { text: pair[1].split("\n```").next().unwrap(), marked: pair[0].ends_with(" -->\n") });
        blocks.collect::<Vec<_>>()
    })
}

/// Words of ours in a line of text.
fn inline() -> impl Iterator<Item = &'static str> {
    PAGES
        .iter()
        .flat_map(|page| page.text.lines())
        .filter(|line| !line.starts_with("```"))
        .flat_map(|line| line.split('`').skip(1).step_by(2).filter(|code| code.starts_with("otp-sidecar ")))
}

#[test]
fn every_command_of_ours_is_one() {
    let typed = shells().flat_map(|block| block.text.lines()).filter(|line| line.starts_with("otp-sidecar "));
    let mut count = 0;
    for line in typed.chain(inline()) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        // A reference that the reader has.
        let own = line.split(['|', '>']).next().unwrap().replace("HEX", &"1".repeat(32));
        let parsed = cli::parse(words(&own).into_iter().map(Into::into), &mut out, &mut err);
        assert!(parsed.is_ok() || !out.is_empty(), "{line}\n{}", String::from_utf8_lossy(&err));
        count += 1;
    }
    assert!(count > 15, "{count}");
}

#[test]
fn every_file_that_a_command_names_is_there() {
    let named = shells().flat_map(|block| block.text.split_whitespace()).filter(|word| word.starts_with("deploy/"));
    for path in named.map(|word| word.trim_end_matches(|c: char| !c.is_alphanumeric())) {
        assert!(MADE.contains(&path) || Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(), "{path}");
    }
}

/// Profiles of a build by the command that makes them.
const BUILT: [[&str; 2]; 2] = [["make run", "target/quick/otp-sidecar"], ["make build", "target/release/otp-sidecar"]];

#[test]
fn a_program_that_is_named_is_one_that_the_same_page_builds() {
    let mut count = 0;
    for document in documents() {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&document)).unwrap();
        for [command, program] in BUILT {
            let named = text.contains(program);
            assert!(!named || text.contains(command), "{document} names {program} and does not say `{command}`");
            count += usize::from(named);
        }
    }
    assert!(count > 1, "{count}");
}
