//! What a process has used, as Linux counts it.

use std::{fs, path::Path, time::Duration};

/// Ticks of `/proc/<pid>/stat` a second, on every Linux that a program sees (`USER_HZ`).
const TICKS: u64 = 100;

/// Processor time so far of all its threads and of the processes that it started.
pub fn busy(pid: u32) -> Duration {
    // The one knows no threads that ended, the other rounds down.
    family(pid).into_iter().map(|pid| threads(pid).max(ticks(pid)).unwrap_or_default()).sum()
}

/// Processor time of the whole machine so far, by whatever it was used.
pub fn busy_altogether() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<u64> = stat.lines().next()?.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // All but `idle` and `iowait` up to `steal`; `guest` stands within `user`.
    let used =
        fields.iter().take(8).enumerate().filter(|(n, _)| *n != 3 && *n != 4).map(|(_, ticks)| ticks).sum::<u64>();
    Some(Duration::from_millis(used * 1000 / TICKS))
}

/// A process and those that it started, where Linux lists them.
pub fn family(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().filter_map(Result::ok);
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> = lists.flat_map(|list| numbers(&list)).collect();
    [pid].into_iter().chain(children.into_iter().flat_map(family)).collect()
}

fn numbers(list: &str) -> Vec<u32> {
    list.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

/// To the nanosecond, where the kernel tells so; without threads that ended.
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

/// Processor time so far of a process's threads of this name, where the kernel tells.
pub fn busy_thread(pid: u32, name: &str) -> Option<Duration> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?.filter_map(Result::ok).map(|task| task.path());
    let named = tasks.filter(|task| fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == name));
    named.filter_map(|task| running(&task)).map(Duration::from_nanos).reduce(|one, other| one + other)
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

/// Memory that it and the processes that it started hold now, in bytes; what they share counts for each.
pub fn resident(pid: u32) -> u64 {
    family(pid).into_iter().map(|pid| memory(pid, "VmRSS:")).sum()
}

/// The most that it alone held so far, in bytes.
pub fn peak(pid: u32) -> u64 {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().map_or(0, |kib| kib * 1024)
}
