//! The console in a real browser: `browser.py` has an operator's hands and eyes.

mod cost;
mod doors;
mod flood;
mod pictures;
mod review;
mod used;

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::Stdio,
};

use crate::{
    deploy::django,
    support::{Sidecar, keys, process},
};

/// What judges whether the page can be used by everybody; `deploy/install-deps.sh tests` puts it there.
const AXE: &str = "target/tools/console/node_modules/axe-core/axe.min.js";

/// Runs a part of `browser.py` at the console of a sidecar. Whatever the part asks for is done by `asked`, which answers it.
#[track_caller]
fn browse(part: &str, sidecar: &Sidecar, asked: impl FnMut(&str) -> String) {
    browse_at(part, &sidecar.admin().host(), asked);
}

#[track_caller]
fn browse_at(part: &str, host: &str, mut asked: impl FnMut(&str) -> String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(root.join(AXE).exists(), "no {AXE}; `make test-deps` installs it");
    let home = tempfile::tempdir().expect("a directory");
    let mut child = process::command(django::python())
        .arg(root.join("tests/it/console/browser.py"))
        .args([part, &format!("http://{host}"), keys::ADMIN_KEY, keys::VIEWER_KEY])
        .env_clear()
        .envs(django::own(home.path()))
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python");
    let (mut to, from) = (child.stdin.take().expect("a pipe"), BufReader::new(child.stdout.take().expect("a pipe")));
    for line in from.lines().map_while(Result::ok) {
        match line.strip_prefix("ask ") {
            Some(what) => writeln!(to, "{}", asked(what)).expect("it listens"),
            None => println!("{line}"),
        }
    }
    let ended = child.wait().expect("its end");
    assert!(ended.success(), "{part}: what it said is above");
}

fn nothing_is_asked(what: &str) -> String {
    panic!("it asks for {what}")
}
