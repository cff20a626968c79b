//! How many threads hash: one a processor, unless their memory is more than this control group should give.
//!
//! A container sees the processors of its node and may use a few hundred MiB: one Argon2 hash on each would have it killed.

use std::{fs, path::Path};

use super::{
    reader::{Reader, Reported},
    table as env,
};
use crate::secret::{ArgonCost, HashScheme};

/// Hash threads get this part of the memory; connections, events and, as a rule, an embedded Redis need the rest.
const SHARE: u64 = 2;
/// As much is no limit: version 1 says "unlimited" by the greatest number of whole pages.
const UNLIMITED: u64 = 1 << 60;

/// What is there to hash with.
#[derive(Debug)]
pub(super) struct Machine {
    /// Processors that this process may use.
    pub(super) processors: usize,
    /// Bytes of memory that its control group may use, `None` = no limit.
    pub(super) memory: Option<u64>,
}

impl Machine {
    /// The one that this process runs on.
    pub(super) fn this() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { processors, memory: memory_limit(Path::new("/")) }
    }
}

/// `OTP_HASH_THREADS`, or what fits.
pub(super) fn read(r: &mut Reader, scheme: &HashScheme, machine: &Machine) -> Result<usize, Reported> {
    let each = match scheme {
        HashScheme::Argon2id(ArgonCost { memory_kib, .. }) => u64::from(*memory_kib) << 10,
        HashScheme::Hmac => 0,
    };
    let fitting = machine.memory.filter(|_| each > 0).map(|memory| memory / SHARE / each);
    let Some(given) = r.given(&env::OTP_HASH_THREADS)? else {
        let fitting = fitting.map_or(usize::MAX, |fitting| usize::try_from(fitting).unwrap_or(usize::MAX));
        let threads = machine.processors.min(fitting).max(1);
        r.show("OTP_HASH_THREADS", threads);
        return Ok(threads);
    };
    let (Some(memory), Some(fitting)) = (machine.memory, fitting) else { return Ok(given) };
    let needed = given as u64 * each;
    let told =
        format!("takes {} MiB for {given} hashes at once of {} MiB that this cgroup may use", mib(needed), mib(memory));
    if needed > memory {
        return Err(r.mistake("OTP_HASH_THREADS", format!("{told}: at most {} fit into half of it", fitting.max(1))));
    }
    if needed > memory / SHARE {
        r.warn("OTP_HASH_THREADS", format!("{told}, more than half: a burst may have this process killed"));
    }
    Ok(given)
}

fn mib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

/// The least memory that any control group around this process may use, in bytes; `root` is `/`.
///
/// Version 2 has `memory.max` in each group but the outermost, version 1 `memory.limit_in_bytes`. The group's path in
/// `/proc/self/cgroup` is as the host sees it, unless there is a namespace: where there is no such directory, as in a
/// container on version 1, what is mounted is the group itself.
fn memory_limit(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let mounted = root.join("sys/fs/cgroup");
    let limits = groups.lines().filter_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        if controllers.is_empty() {
            // Beside version 1, version 2 is mounted below, without a controller of memory.
            return least(&mounted, path, "memory.max");
        }
        let memory = controllers.split(',').any(|controller| controller == "memory");
        if memory { least(&mounted.join("memory"), path, "memory.limit_in_bytes") } else { None }
    });
    limits.min()
}

/// The least number in the files of this name in a group and all around it.
fn least(mounted: &Path, path: &str, file: &str) -> Option<u64> {
    let group = mounted.join(path.trim_start_matches('/'));
    let around = group.ancestors().take_while(|group| group.starts_with(mounted));
    let limits = around.filter_map(|group| fs::read_to_string(group.join(file)).ok()?.trim().parse::<u64>().ok());
    limits.filter(|limit| *limit < UNLIMITED).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_that_of_the_tightest_group_around() {
        for (groups, limits, expected) in [
            (None, &[][..], None),
            (Some("0::/\n"), &[("memory.max", "268435456\n")], Some(268_435_456)),
            (Some("0::/\n"), &[("memory.max", "max\n")], None),
            (Some("0::/a/b\n"), &[("a/b/memory.max", "900\n"), ("a/memory.max", "800\n")], Some(800)),
            (Some("0::/a/b\n"), &[("a/b/memory.max", "700\n"), ("a/memory.max", "max\n")], Some(700)),
            // Version 1, with its path, and in a container, which sees its own group alone.
            (
                Some("5:cpu,cpuacct:/x\n4:memory:/x\n0::/\n"),
                &[
                    ("memory/x/memory.limit_in_bytes", "600\n"),
                    ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ],
                Some(600),
            ),
            (Some("4:memory:/docker/123\n"), &[("memory/memory.limit_in_bytes", "500\n")], Some(500)),
            (Some("4:memory:/\n"), &[("memory/memory.limit_in_bytes", "9223372036854771712\n")], None),
            (Some("\n:\n0:\n0::\n"), &[("memory.max", "many\n")], None),
        ] {
            let root = tempfile::tempdir().unwrap();
            let write = |path: &str, text: &str| {
                let path = root.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            };
            groups.into_iter().for_each(|text| write("proc/self/cgroup", text));
            limits.iter().for_each(|(path, text)| write(&format!("sys/fs/cgroup/{path}"), text));
            assert_eq!(memory_limit(root.path()), expected, "{groups:?} {limits:?}");
        }
    }

    #[test]
    fn threads_fit_into_half_of_the_memory_unless_they_were_named() {
        let argon = HashScheme::Argon2id(ArgonCost { memory_kib: 19_456, iterations: 2 });
        for (set, processors, mib, scheme, expected, told) in [
            (None, 4, None, argon, Some(4), ""),
            (None, 64, Some(256), argon, Some(6), ""),
            (None, 2, Some(256), argon, Some(2), ""),
            (None, 64, Some(20), argon, Some(1), ""),
            (None, 64, Some(20), HashScheme::Hmac, Some(64), ""),
            (Some("6"), 64, Some(256), argon, Some(6), ""),
            (Some("8"), 64, Some(256), argon, Some(8), "takes 152 MiB for 8 hashes at once of 256 MiB"),
            (
                Some("14"),
                64,
                Some(256),
                argon,
                None,
                "266 MiB for 14 hashes at once of 256 MiB that this cgroup may use: at most 6 fit",
            ),
            (Some("200"), 1, None, argon, Some(200), ""),
            (Some("257"), 1, None, argon, None, "from 1 to 256, not `257`"),
        ] {
            let mut r = Reader::new(set.map(|value| ("OTP_HASH_THREADS".into(), value.into())));
            let machine = Machine { processors, memory: mib.map(|mib: u64| mib << 20) };
            let threads = read(&mut r, &scheme, &machine).ok();
            let said: String = r.mistakes.iter().chain(&r.warnings).map(ToString::to_string).collect();
            assert_eq!((threads, said.is_empty()), (expected, told.is_empty()), "{set:?}: {said}");
            assert!(said.contains(told), "{said}");
        }
    }
}
