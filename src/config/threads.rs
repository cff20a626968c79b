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

    /// A machine of files.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_memory_is_that_of_the_tightest_group_around() {
        const V2: &str = "sys/fs/cgroup";
        const V1: &str = "sys/fs/cgroup/memory";
        for (what, files, limit) in [
            ("no cgroups", vec![], None),
            ("version 2, a namespace", vec![("proc/self/cgroup", "0::/\n"), (V2, "268435456\n")], Some(268_435_456)),
            ("version 2, no limit", vec![("proc/self/cgroup", "0::/\n"), (V2, "max\n")], None),
            (
                "version 2, nested, the outer one is tighter",
                vec![("proc/self/cgroup", "0::/a/b\n"), ("sys/fs/cgroup/a/b", "900\n"), ("sys/fs/cgroup/a", "800\n")],
                Some(800),
            ),
            (
                "version 2, nested, the inner one is tighter",
                vec![("proc/self/cgroup", "0::/a/b\n"), ("sys/fs/cgroup/a/b", "700\n"), ("sys/fs/cgroup/a", "max\n")],
                Some(700),
            ),
            (
                "version 1 with its path",
                vec![
                    ("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/x\n0::/\n"),
                    ("sys/fs/cgroup/memory/x", "600\n"),
                    (V1, "9223372036854771712\n"),
                ],
                Some(600),
            ),
            (
                "version 1 in a container, which sees its own group alone",
                vec![("proc/self/cgroup", "4:memory:/docker/123\n"), (V1, "500\n")],
                Some(500),
            ),
            ("version 1, no limit", vec![("proc/self/cgroup", "4:memory:/\n"), (V1, "9223372036854771712\n")], None),
            ("nonsense", vec![("proc/self/cgroup", "\n:\n0:\n0::\n"), (V2, "many\n")], None),
        ] {
            let file = |path: &str| match path {
                "proc/self/cgroup" => path.to_owned(),
                path if path.starts_with(V1) => format!("{path}/memory.limit_in_bytes"),
                path => format!("{path}/memory.max"),
            };
            let files: Vec<_> = files.into_iter().map(|(path, text)| (file(path), text)).collect();
            let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
            assert_eq!(memory_limit(machine(&files).path()), limit, "{what}");
        }
    }

    fn threads(set: Option<&str>, scheme: &HashScheme, machine: &Machine) -> (Option<usize>, String) {
        let set = set.map(|value| ("OTP_HASH_THREADS".into(), value.into()));
        let mut r = Reader::new(set);
        let read = read(&mut r, scheme, machine);
        let said = r.mistakes.iter().map(ToString::to_string).chain(r.warnings.iter().map(ToString::to_string));
        (read.ok(), said.collect())
    }

    #[test]
    fn threads_fit_into_half_of_the_memory_unless_they_were_named() {
        let argon = HashScheme::Argon2id(ArgonCost { memory_kib: 19_456, iterations: 2 });
        let of = |processors, mib: Option<u64>| Machine { processors, memory: mib.map(|mib| mib << 20) };
        for (machine, scheme, threads_found) in [
            (of(4, None), argon, 4),
            (of(64, Some(256)), argon, 6),
            (of(2, Some(256)), argon, 2),
            (of(64, Some(20)), argon, 1),
            (of(64, Some(20)), HashScheme::Hmac, 64),
        ] {
            assert_eq!(threads(None, &scheme, &machine), (Some(threads_found), String::new()), "{machine:?}");
        }
        let pod = of(64, Some(256));
        assert_eq!(threads(Some("6"), &argon, &pod), (Some(6), String::new()));
        let (read, said) = threads(Some("8"), &argon, &pod);
        assert!(read == Some(8) && said.contains("takes 152 MiB for 8 hashes at once of 256 MiB"), "{said}");
        let (read, said) = threads(Some("14"), &argon, &pod);
        assert!(read.is_none() && said.contains("266 MiB") && said.contains("at most 6 fit"), "{said}");
        assert_eq!(threads(Some("200"), &argon, &of(1, None)).0, Some(200));
        for wrong in ["0", "257", "all", "-1"] {
            let (read, said) = threads(Some(wrong), &argon, &of(1, None));
            assert!(read.is_none() && said.contains(&format!("from 1 to 256, not `{wrong}`")), "{said}");
        }
    }
}
