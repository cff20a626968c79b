use std::fs;

use otp_sidecar::{
    config::threads::{Machine, Threads, memory_limit, weigh},
    secret::{ArgonCost, HashScheme},
};

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
            &[("memory/x/memory.limit_in_bytes", "600\n"), ("memory/memory.limit_in_bytes", "9223372036854771712\n")],
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
        (Some(6), 64, Some(256), argon, Some(6), ""),
        (Some(8), 64, Some(256), argon, Some(8), "takes 152 MiB for 8 hashes at once of 256 MiB"),
        (
            Some(14),
            64,
            Some(256),
            argon,
            None,
            "266 MiB for 14 hashes at once of 256 MiB that this cgroup may use: at most 6 fit",
        ),
        (Some(200), 1, None, argon, Some(200), ""),
    ] {
        let machine = Machine { processors, memory: mib.map(|mib: u64| mib << 20) };
        let Threads { number, doubt, too_many } = weigh(set, &scheme, &machine);
        let said = doubt.unwrap_or_default();
        assert_eq!(
            (Some(number).filter(|_| !too_many), said.is_empty()),
            (expected, told.is_empty()),
            "{set:?}: {said}"
        );
        assert!(said.contains(told), "{said}");
    }
}

#[test]
fn so_many_threads_may_be_named() {
    super::one_mistake(&[("OTP_HASH_THREADS", "257")], "OTP_HASH_THREADS", "from 1 to 256, not `257`");
}
