//! The `otp-sidecar` binary.

use std::{env, io, process::ExitCode};

use otp_sidecar::{
    cli::{self, Command},
    store::embedded::guard,
};

/// A call has some fifty pieces of memory and an event forty: the system's allocator took a seventh of the time of the one and
/// a quarter of the other's.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    // The only provider in the tree, so that it cannot fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exit = match cli::parse(env::args_os(), &mut out, &mut err) {
        Ok(Command::Serve) => cli::serve::run(env::vars_os(), &env::var("PATH").unwrap_or_default(), &mut err),
        Ok(Command::CheckConfig { json, connect }) => {
            let path = connect.then(|| env::var("PATH").unwrap_or_default());
            cli::check_config::run(env::vars_os(), json, path.as_deref(), &mut out, &mut err)
        }
        Ok(Command::Deliver(call)) => cli::deliver::run(&call, env::vars_os(), &mut out, &mut err),
        Ok(Command::Keygen) => cli::keygen::run(&mut rand::rngs::SysRng, &mut out, &mut err),
        Ok(Command::Admin(command)) => cli::admin::run(&command, env::vars_os()),
        Ok(Command::Audit { command }) => cli::audit::run(&command, env::vars_os(), &mut out, &mut err),
        Ok(Command::GuardRedis { args }) => return guard::run(args.into_iter()),
        Err(exit) => exit,
    };
    exit.into()
}
