//! `make install` and `make dist`: what they put where, with the program that this test belongs to.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use super::daemon::{place, read};

const PROGRAM: &str = env!("CARGO_BIN_EXE_otp-sidecar");

fn done(command: &mut Command) -> Output {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    done
}

fn by_make(words: &[String]) -> Command {
    // What calls this test by make is not to be told to that make.
    let mut command = Command::new("make");
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .env_remove("MFLAGS")
        .args(words);
    command
}

fn make(words: &[String]) {
    done(by_make(words).arg(format!("PROGRAM={PROGRAM}")));
}

/// Every file below `root`, by its path from there.
fn files(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut rest = vec![root.to_owned()];
    while let Some(dir) = rest.pop() {
        for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => rest.push(entry),
                false => drop(found.insert(entry.strip_prefix(root).unwrap().to_owned())),
            }
        }
    }
    found
}

/// What is installed below a prefix.
fn wanted() -> BTreeSet<PathBuf> {
    let man = fs::read_dir(super::daemon::deployed("man")).unwrap();
    let man = man.map(|page| Path::new("share/man/man1").join(page.unwrap().file_name()));
    let others = [
        "bin/otp-sidecar",
        "share/bash-completion/completions/otp-sidecar",
        "share/zsh/site-functions/_otp-sidecar",
        "share/fish/vendor_completions.d/otp-sidecar.fish",
        "lib/systemd/system/otp-sidecar.service",
    ];
    man.chain(others.map(PathBuf::from)).collect()
}

#[test]
fn install_puts_program_manual_completions_and_unit_where_each_is_looked_for() {
    let dir = place("install");
    let root = dir.path().join("root");
    make(&["install".into(), format!("DESTDIR={}", root.display()), "PREFIX=/opt/otp".into()]);
    let to = root.join("opt/otp");
    assert_eq!(files(&to), wanted());
    let mode = |path: &str| fs::metadata(to.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode("bin/otp-sidecar"), mode("share/man/man1/otp-sidecar.1")], [0o755, 0o644]);
    let said = done(Command::new(to.join("bin/otp-sidecar")).arg("--version")).stdout;
    assert!(String::from_utf8_lossy(&said).contains(env!("CARGO_PKG_VERSION")));
    // The unit starts the program that was installed with it.
    let unit = fs::read_to_string(to.join("lib/systemd/system/otp-sidecar.service")).unwrap();
    assert!(unit.contains("\nExecStart=/opt/otp/bin/otp-sidecar serve\n"), "{unit}");
    assert_eq!(unit.replace("/opt/otp/bin/", "/usr/local/bin/"), read("systemd/otp-sidecar.service"));
    // The manual is found by its program, and a shell completes from what was put there.
    let man = done(Command::new("mandoc").args(["-Tascii"]).arg(to.join("share/man/man1/otp-sidecar-unlock.1"))).stdout;
    assert!(String::from_utf8_lossy(&man).contains("unlock"));
}

#[test]
fn a_prefix_that_is_no_path_is_refused_before_anything_is_built_or_written() {
    let dir = place("prefix");
    for prefix in ["", " ", "opt/otp", "./otp", "~/otp", "/opt/my otp", "/opt/my /otp", "/opt/otp "] {
        let words = ["install".into(), format!("PREFIX={prefix}"), format!("DESTDIR={}/root", dir.path().display())];
        // A build would say its own words, and do no harm.
        let refused = by_make(&words).arg("CARGO=echo cargo").output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr);
        let wanted = "PREFIX must be an absolute path without white space, such as /usr/local";
        assert!(!refused.status.success() && said.contains(wanted), "{prefix:?}: {said}");
        assert!(refused.stdout.is_empty(), "{prefix:?}: {}", String::from_utf8_lossy(&refused.stdout));
    }
    assert!(files(dir.path()).is_empty());
}

#[test]
fn dist_makes_one_archive_with_sums_and_a_bill_of_materials() {
    let dir = place("dist");
    let dist = dir.path().join("dist");
    make(&["dist".into(), format!("DIST={}", dist.display())]);
    done(Command::new("sha256sum").args(["--strict", "-c", "SHA256SUMS"]).current_dir(&dist));
    let names: Vec<_> = files(&dist).into_iter().map(|path| path.display().to_string()).collect();
    let [sums, bill, archive] = &names[..] else { panic!("{names:?}") };
    let version = env!("CARGO_PKG_VERSION");
    let release = archive.strip_suffix(".tar.gz").expect("an archive");
    assert!(release.starts_with(&format!("otp-sidecar-{version}-")) && sums == "SHA256SUMS", "{names:?}");
    assert_eq!(*bill, format!("{release}.cdx.json"));
    let text = fs::read_to_string(dist.join(sums)).unwrap();
    assert_eq!(text.lines().filter_map(|line| line.split("  ").nth(1)).collect::<Vec<_>>(), [archive, bill]);

    done(Command::new("tar").arg("-xzf").arg(dist.join(archive)).arg("-C").arg(dir.path()));
    let mut whole: BTreeSet<_> = wanted().iter().map(|path| Path::new("usr/local").join(path)).collect();
    whole.extend(["LICENSE", "README.md", "CHANGELOG.md"].map(PathBuf::from));
    assert_eq!(files(&dir.path().join(release)), whole);

    let bill: Value = serde_json::from_str(&fs::read_to_string(dist.join(bill)).unwrap()).unwrap();
    assert_eq!([&bill["bomFormat"], &bill["specVersion"]], ["CycloneDX", "1.5"]);
    assert_eq!(bill["metadata"]["component"]["version"], version);
    let target = release.strip_prefix(&format!("otp-sidecar-{version}-")).unwrap();
    let tree = ["tree", "--locked", "-e", "normal", "--prefix", "none", "--format", "{p}", "--target", target];
    let tree = done(Command::new("cargo").args(tree).current_dir(env!("CARGO_MANIFEST_DIR"))).stdout;
    let mut linked: BTreeSet<_> = String::from_utf8_lossy(&tree)
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some(format!("pkg:cargo/{}@{}", words.next()?, words.next()?.strip_prefix('v')?))
        })
        .collect();
    assert!(linked.remove(&format!("pkg:cargo/otp-sidecar@{version}")));
    let components = bill["components"].as_array().unwrap();
    let listed: BTreeSet<_> = components.iter().map(|part| part["purl"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, linked);
    assert!(components.iter().all(|part| part["licenses"][0]["expression"].is_string()
        && part["hashes"][0]["content"].as_str().is_some_and(|sum| sum.len() == 64)));
}
