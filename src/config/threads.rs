//! How many threads hash: one a processor, unless their memory is more than this control group should give.
//!
//! A container sees the processors of its node and may use a few hundred MiB: one Argon2 hash on each would have it killed.

use std::{fs, path::Path};

use super::{reader::Reader, table as env};
use crate::secret::{ArgonCost, HashScheme};

/// Hash threads get this part of the memory; connections, events and, as a rule, an embedded Redis need the rest.
const SHARE: u64 = 2;
/// As much is no limit: version 1 says "unlimited" by the greatest number of whole pages.
const UNLIMITED: u64 = 1 << 60;

/// What is there to hash with.
#[derive(Debug)]
pub struct Machine {
    /// Processors that this process may use.
    pub processors: usize,
    /// Bytes of memory that its control group may use, `None` = no limit.
    pub memory: Option<u64>,
}

impl Machine {
    /// The one that this process runs on.
    pub fn this() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { processors, memory: memory_limit(Path::new("/")) }
    }
}

/// How many threads there are to be.
#[derive(Debug, PartialEq, Eq)]
pub struct Threads {
    /// So many.
    pub number: usize,
    /// What is to be said of that, as the rest of a sentence.
    pub doubt: Option<String>,
    /// Whether they cannot be.
    pub too_many: bool,
}

/// Weighs the number that was `set`, or finds one that fits.
pub fn weigh(set: Option<usize>, scheme: &HashScheme, machine: &Machine) -> Threads {
    let each = match scheme {
        HashScheme::Argon2id(ArgonCost { memory_kib, .. }) => u64::from(*memory_kib) << 10,
        HashScheme::Hmac => 0,
    };
    let fitting = machine.memory.filter(|_| each > 0).map(|memory| memory / SHARE / each);
    let fitting = fitting.map_or(usize::MAX, |fitting| usize::try_from(fitting).unwrap_or(usize::MAX)).max(1);
    let number = set.unwrap_or(machine.processors.min(fitting));
    let (memory, needed) = (machine.memory.unwrap_or(u64::MAX), number as u64 * each);
    let (too_many, doubtful) = (set.is_some() && needed > memory, set.is_some() && needed > memory / SHARE);
    let doubt = doubtful.then(|| {
        let (needed, memory) = (mib(needed), mib(memory));
        let rest = match too_many {
            true => format!(": at most {fitting} fit into half of it"),
            false => ", more than half: a burst may have this process killed".to_owned(),
        };
        format!("takes {needed} MiB for {number} hashes at once of {memory} MiB that this cgroup may use{rest}")
    });
    Threads { number, doubt, too_many }
}

/// `OTP_HASH_THREADS`, or what fits.
pub(super) fn read(r: &mut Reader, scheme: &HashScheme) -> usize {
    let set = r.given(&env::OTP_HASH_THREADS);
    let Threads { number, doubt, too_many } = weigh(set, scheme, &Machine::this());
    match doubt.filter(|_| !r.are_wrong(&["OTP_HASH", "OTP_ARGON2_MEMORY_KIB"])) {
        Some(doubt) if too_many => r.mistake("OTP_HASH_THREADS", doubt),
        Some(doubt) => r.warn("OTP_HASH_THREADS", doubt),
        None => {}
    }
    r.show("OTP_HASH_THREADS", number);
    number
}

fn mib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

/// The least memory that any control group around this process may use, in bytes; `root` is `/`.
///
/// Version 2 has `memory.max` in each group but the outermost, version 1 `memory.limit_in_bytes`. The group's path in
/// `/proc/self/cgroup` is as the host sees it, unless there is a namespace: where there is no such directory, as in a
/// container on version 1, what is mounted is the group itself.
pub fn memory_limit(root: &Path) -> Option<u64> {
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
