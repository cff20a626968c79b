//! The `otp-sidecar` binary.

use std::{env, io};

use otp_sidecar::cli::{self, Command, Exit};

fn main() -> Exit {
    let (mut out, mut err) = (io::stdout().lock(), io::stderr().lock());
    match cli::parse(env::args_os(), &mut out, &mut err) {
        Ok(Command::CheckConfig { json }) => cli::check_config::run(env::vars_os(), json, &mut out, &mut err),
        Ok(Command::Keygen) => cli::keygen::run(&mut rand::rngs::SysRng, &mut out),
        Ok(Command::Serve | Command::GuardRedis { .. }) => Exit::Fault,
        Err(exit) => exit,
    }
}
