//! What a process has used, as Linux counts it.

use std::{fs, path::Path, time::Duration};

/// Ticks of `/proc/<pid>/stat` a second, on every Linux that a program sees (`USER_HZ`).
const TICKS: u64 = 100;

/// Processor time of all its threads so far.
pub fn busy(pid: u32) -> Duration {
    threads(pid).unwrap_or_else(|| ticks(pid).unwrap_or_else(|| panic!("no process {pid}")))
}

/// To the nanosecond, where the kernel tells so; without threads that ended, of which no server here has any.
fn threads(pid: u32) -> Option<Duration> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let mut nanos = 0;
    for task in tasks {
        nanos += running(&task.ok()?.path())?;
    }
    Some(Duration::from_nanos(nanos))
}

/// Nanoseconds that a thread has run.
fn running(task: &Path) -> Option<u64> {
    fs::read_to_string(task.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
}

/// Processor time of the calling thread so far, where the kernel tells.
pub fn busy_here() -> Option<Duration> {
    running(Path::new("/proc/thread-self")).map(Duration::from_nanos)
}

/// In hundredths of a second, from the fields `utime` and `stime` (proc(5)).
fn ticks(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may hold anything but ends with the last bracket; behind it `utime` is the 12th field.
    let (_, behind) = stat.rsplit_once(") ")?;
    let used: u64 = behind.split(' ').skip(11).take(2).map_while(|field| field.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(used * 1000 / TICKS))
}

/// Memory it holds now, in bytes.
pub fn resident(pid: u32) -> u64 {
    memory(pid, "VmRSS:")
}

/// The most it held so far, in bytes.
pub fn peak(pid: u32) -> u64 {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().map_or(0, |kib| kib * 1024)
}
