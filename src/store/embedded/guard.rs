//! The guard: what becomes the embedded server.
//!
//! We start ourselves once more with [`WORD`]; that process asks the kernel to end it when its parent dies, and then becomes
//! the server. So the server is gone when we are gone, even after SIGKILL. The death signal follows the *thread* that
//! forked: the supervisor's thread lives as long as the process.

use std::{
    ffi::OsString,
    io::{self, Write},
    process::{Command, ExitCode},
};

use rustix::process::getppid;

/// The first word of a guard's command line.
pub const WORD: &str = "guard-redis";

/// Becomes the server: `arguments` are the parent's process id, the program, and its arguments. Returns only on failure.
pub fn run(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let parent = arguments.next().and_then(|pid| pid.to_str()?.parse::<i32>().ok());
    let (Some(parent), Some(program)) = (parent, arguments.next()) else { return ExitCode::from(2) };
    let mut command = Command::new(program);
    command.args(arguments);
    match become_server(parent, command) {
        Ok(code) => code,
        Err(error) => {
            // To the server's log, where it is found.
            let _ = writeln!(io::stderr(), "it cannot be executed: {error}");
            ExitCode::from(70)
        }
    }
}

fn orphaned(parent: i32) -> bool {
    getppid().map(rustix::process::Pid::as_raw_nonzero).is_none_or(|now| now.get() != parent)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn become_server(parent: i32, mut command: Command) -> io::Result<ExitCode> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
    // The parent may have died before the signal was set.
    if orphaned(parent) {
        return Ok(ExitCode::SUCCESS);
    }
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

/// Where the kernel has no death signal, the guard stays and looks after its parent.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn become_server(parent: i32, mut command: Command) -> io::Result<ExitCode> {
    let mut server = command.spawn()?;
    loop {
        if server.try_wait()?.is_some() {
            return Ok(ExitCode::SUCCESS);
        }
        if orphaned(parent) {
            server.kill()?;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}
