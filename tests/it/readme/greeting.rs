//! The two lines that a first start prints are those of the README.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    sync::mpsc,
    thread,
};

use super::{APP, block};
use crate::support::{process, wait};

/// The calls that a sidecar with nothing set but its ports prints once it is ready.
fn printed() -> Vec<String> {
    let home = tempfile::tempdir().expect("a temp dir");
    let mut child = process::command(env!("CARGO_BIN_EXE_otp-sidecar"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .envs([("OTP_LISTEN", "127.0.0.1:0"), ("OTP_ADMIN_LISTEN", "127.0.0.1:0"), ("OTP_LOG_FORMAT", "text")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the built binary");
    let stderr = child.stderr.take().expect("its stderr");
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let lines = BufReader::new(stderr).lines().map_while(Result::ok);
        lines.map(|line| line.trim().to_owned()).filter(|line| line.starts_with("curl ")).for_each(|line| {
            let _ = tell.send(line);
        });
    });
    let lines = [told.recv_timeout(wait::PATIENCE), told.recv_timeout(wait::PATIENCE)];
    process::kill(&mut child);
    lines.into_iter().map(|line| line.expect("two calls")).collect()
}

/// A command without the ends of lines that only a page needs.
fn one_line(shell: &str) -> String {
    shell.replace("\\\n  ", "")
}

#[test]
fn a_first_start_prints_the_calls_of_the_readme() {
    let shown: Vec<_> = block::marked("start").into_iter().take(2).map(|block| one_line(block.text)).collect();
    let at_default = |line: String| {
        let (_, from) = line.split_once("http://").expect("an address");
        let (address, _) = from.split_once('/').expect("a path");
        line.replace(address, APP)
    };
    let printed: Vec<_> = printed().into_iter().map(at_default).collect();
    assert_eq!(printed, shown);
}
