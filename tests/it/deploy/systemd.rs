//! The unit: sound, as closed as the documents say, and what it relies on holds of the program.

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    os::unix::{
        fs::{PermissionsExt, chown},
        net::UnixDatagram,
    },
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::daemon::{Daemon, deployed, place, read};
use crate::support::{Address, Client, Redis, Sidecar, launch::Builder, process, wait};

const UNIT: &str = "systemd/otp-sidecar.service";
const SOON: Duration = wait::PATIENCE;
/// As `WatchdogSec`, only shorter.
const WATCHDOG: Duration = Duration::from_millis(400);

/// The values of a setting, in the order of the unit.
fn values(name: &str) -> Vec<String> {
    let unit = read(UNIT);
    let lines = unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    lines.map(str::to_owned).collect()
}

fn judged(arguments: &[&str]) -> (bool, String) {
    let done = Command::new("systemd-analyze").args(arguments).output();
    let done = done.expect("systemd-analyze; `make test-deps` installs it");
    (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
}

#[test]
fn the_unit_is_sound() {
    let dir = place("systemd");
    let unit = read(UNIT).replace("/usr/local/bin/otp-sidecar", env!("CARGO_BIN_EXE_otp-sidecar"));
    let path = dir.path().join("otp-sidecar.service");
    fs::write(&path, unit).unwrap();
    let (well, said) = judged(&["verify", "--man=no", &path.display().to_string()]);
    // What is said of other units of this machine is not about ours.
    let ours: Vec<_> = said.lines().filter(|line| line.contains("otp-sidecar")).collect();
    assert!(well && ours.is_empty(), "{said}");
    // It does find mistakes.
    fs::write(&path, read(UNIT).replace("Type=notify", "Type=notified")).unwrap();
    let (_, said) = judged(&["verify", "--man=no", &path.display().to_string()]);
    assert!(said.contains("otp-sidecar.service"), "{said}");
}

#[test]
fn it_is_as_closed_as_the_documents_say() {
    let unit = deployed(UNIT).display().to_string();
    let (_, said) = judged(&["security", "--offline=true", "--no-pager", &unit]);
    let score =
        said.lines().last().and_then(|line| line.split_once("service: ")?.1.split(' ').next()).expect("a score");
    assert!(score.parse::<f64>().unwrap() <= 1.0, "{said}");
    assert!(read("docs/operate.md").contains(&format!("`systemd-analyze security` gives it {score} ")), "{score}");
}

/// What systemd would be told, message by message.
struct Told(UnixDatagram);

impl Told {
    fn next(&self, within: Duration) -> Option<String> {
        self.0.set_read_timeout(Some(within)).unwrap();
        let mut bytes = [0; 512];
        match self.0.recv(&mut bytes) {
            Ok(read) => Some(String::from_utf8_lossy(&bytes[..read]).trim_end().to_owned()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits for a message that has this line.
    #[track_caller]
    fn line(&self, wanted: &str) {
        let start = Instant::now();
        while start.elapsed() < SOON {
            if self.next(SOON).is_some_and(|message| message.lines().any(|line| line == wanted)) {
                return;
            }
        }
        panic!("not told: {wanted}");
    }
}

#[test]
fn it_says_when_it_is_ready_that_it_lives_and_when_it_ends() {
    assert_eq!([values("Type"), values("NotifyAccess")], [["notify"], ["main"]]);
    let dir = place("notify");
    let path = dir.path().join("socket");
    let told = Told(UnixDatagram::bind(&path).unwrap());
    let mut redis = Redis::start();
    redis.kill();
    let sidecar = Sidecar::builder()
        .on(&redis)
        .set("NOTIFY_SOCKET", &path.display().to_string())
        .set("WATCHDOG_USEC", &WATCHDOG.as_micros().to_string());
    let mut sidecar = sidecar.start_waiting();
    told.line("STATUS=Waiting for Redis");
    // Alive, and not ready for as long as there is no Redis.
    for _ in 0..3 {
        assert_eq!(told.next(SOON).as_deref(), Some("WATCHDOG=1"));
    }
    redis.restart();
    told.line("READY=1");
    told.line("WATCHDOG=1");
    // One that hangs is silent for longer than it may.
    sidecar.pause();
    while told.next(Duration::from_millis(1)).is_some() {}
    assert_eq!(told.next(WATCHDOG), None);
    sidecar.resume();
    told.line("WATCHDOG=1");
    let (ended, _) = sidecar.terminate();
    assert!(ended.success());
    told.line("STOPPING=1");
}

/// A sidecar with no settings but what a test gives it.
fn bare() -> Builder {
    let names =
        ["OTP_API_KEYS", "OTP_ADMIN_KEYS", "OTP_PEPPER", "OTP_INDEX_KEY", "OTP_AUDIT_SINK", "OTP_REDIS_TIMEOUT"];
    names.iter().fold(Sidecar::builder(), |builder, name| builder.unset(name))
}

/// What the unit sets, with its credentials in `credentials`.
fn environment(credentials: &Path) -> String {
    values("Environment").join(" ").replace("%d", &credentials.display().to_string())
}

/// Makes secrets as the unit's head says, and hands them over as systemd does: a copy of each that only `user` may read, if
/// it is not ourselves. Answers their names.
fn handed_over(credentials: &Path, user: Option<u32>) -> Vec<String> {
    let dir = place("etc");
    let made = read(UNIT);
    let made = made.lines().find(|line| line.contains("otp-sidecar keygen")).unwrap().trim_start_matches("# ");
    let script = made
        .replace("/etc/otp-sidecar", &dir.path().display().to_string())
        .replace("otp-sidecar keygen", &format!("{} keygen", env!("CARGO_BIN_EXE_otp-sidecar")));
    assert!(Command::new("sh").args(["-euc", &script]).status().unwrap().success());
    fs::create_dir(credentials).unwrap();
    let own = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        chown(path, user, user).unwrap();
    };
    let mut names = Vec::new();
    for credential in values("LoadCredential") {
        let (name, from) = credential.split_once(':').unwrap();
        let from = dir.path().join(from.strip_prefix("/etc/otp-sidecar/").unwrap());
        assert_eq!(fs::metadata(&from).unwrap().permissions().mode() & 0o777, 0o600);
        fs::copy(&from, credentials.join(name)).unwrap();
        own(&credentials.join(name), 0o400);
        names.push(name.to_owned());
    }
    own(credentials, 0o500);
    names
}

/// Nobody of this machine, as `DynamicUser` is.
const OTHER: u32 = 61_184;

#[test]
fn a_user_that_may_read_nothing_of_roots_reads_what_is_handed_over_and_what_is_missing_is_named() {
    if !process::is_root() {
        return;
    }
    assert_eq!(values("EnvironmentFile"), ["/etc/otp-sidecar/otp.env"], "a missing file must not be passed over");
    let redis = Redis::start();
    let dir = place("credentials");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let credentials = dir.path().join("handed");
    let names = handed_over(&credentials, Some(OTHER));
    let started = || {
        let set = environment(&credentials);
        let pairs: Vec<_> = set.split(' ').filter_map(|pair| pair.split_once('=')).collect();
        let files: Vec<_> = pairs.into_iter().filter(|pair| pair.0.ends_with("_FILE")).collect();
        let stdout = [("OTP_AUDIT_SINK", "stdout"), ("OTP_HASH", "hmac")];
        bare().on(&redis).set_all(&files).set_all(&stdout).run_as(OTHER)
    };
    let (code, said, _) = started().run(&["check-config"]);
    assert!(code == 0 && said.contains("set (1 value)"), "{code}: {said}");
    for name in names {
        let (there, away) = (credentials.join(&name), dir.path().join(&name));
        fs::rename(&there, &away).unwrap();
        let (code, said) = started().expect_no_start();
        assert!(
            code == 64 && said.contains(&format!("{name}_FILE names a file that cannot be read")),
            "{code}: {said}"
        );
        fs::rename(&away, &there).unwrap();
    }
}

#[test]
fn it_runs_in_the_environment_that_the_unit_gives_and_stops_in_time() {
    let [exec] = &values("ExecStart")[..] else { panic!("one program") };
    assert_eq!(exec, "/usr/local/bin/otp-sidecar serve");
    let dir = place("state");
    let state = dir.path().display().to_string();
    let handed = handed_over(&dir.path().join("credentials"), None);
    let environment = environment(&dir.path().join("credentials")).replace("/var/lib/otp-sidecar", &state);
    assert_eq!(handed, ["OTP_PEPPER", "OTP_INDEX_KEY", "OTP_AUDIT_KEY", "OTP_API_KEYS", "OTP_ADMIN_KEYS"]);
    let ports = "OTP_LISTEN=127.0.0.1:0 OTP_ADMIN_LISTEN=127.0.0.1:0 OTP_HASH=hmac";
    let pairs: Vec<_> = [&*environment, ports]
        .iter()
        .flat_map(|line| line.split(' '))
        .filter_map(|pair| pair.split_once('='))
        .collect();
    // Nothing else but what systemd sets.
    let mut sidecar = bare().set_all(&pairs).start();
    assert!(dir.path().join("audit").is_dir(), "the trail is where the unit lets it write");
    let (ended, took) = sidecar.terminate();
    let [stop] = &values("TimeoutStopSec")[..] else { panic!("one time") };
    assert!(ended.success() && took < Duration::from_secs(stop.parse().unwrap()), "{ended} after {took:?}");
}

/// All system calls of a group, those of the groups in it among them.
fn calls_of(group: &str) -> BTreeSet<String> {
    let (mut groups, mut calls) = (vec![group.to_owned()], BTreeSet::new());
    while let Some(group) = groups.pop() {
        let (well, said) = judged(&["syscall-filter", &group]);
        assert!(well, "{said}");
        for word in said.lines().skip(1).map(str::trim).filter(|word| !word.starts_with('#')) {
            match word.starts_with('@') {
                true => groups.push(word.to_owned()),
                false => drop(calls.insert(word.to_owned())),
            }
        }
    }
    calls
}

#[tokio::test]
async fn whatever_it_and_its_redis_ask_of_the_kernel_is_let_through() {
    assert_eq!(values("SystemCallFilter"), ["@system-service", "~@privileged"]);
    let dir = place("calls");
    let data = format!("OTP_DATA_DIR={}", dir.path().join("data").display());
    let path = format!("PATH={}", std::env::var("PATH").unwrap());
    let program =
        ["OTP_LISTEN=127.0.0.1:0", "OTP_ADMIN_LISTEN=127.0.0.1:0", "OTP_LOG_FORMAT=json", "OTP_REDIS_TIMEOUT=800ms"];
    // What is traced ends with who traces it.
    let tracer = ["-f", "-o", "calls", "setpriv", "--pdeathsig", "KILL", "--", "env", "-i", &path, &data];
    let arguments = [&tracer[..], &program, &[env!("CARGO_BIN_EXE_otp-sidecar"), "serve"]];
    let mut traced = Daemon::start("strace", dir, &arguments.concat());
    let address = traced.said("where it listens", |log| {
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .filter(|line| line["listener"] == "app")
            .find_map(|line| line["address"].as_str()?.parse::<Address>().ok())
    });
    traced.said("that it is ready", |log| log.contains("\"message\":\"ready\"").then_some(()));
    let client = Client::new(address);
    let issued = client.issue("ann").await;
    client.check_id(&issued.id, &issued.code).await.approved();
    // Each line begins with the process; the first is of the one that becomes the sidecar.
    let lines = || fs::read_to_string(traced.dir().join("calls")).unwrap();
    let first = lines().split_whitespace().next().unwrap().to_owned();
    let pid = Pid::from_raw(first.parse().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let ended = |line: &str| line.split_whitespace().next() == Some(&*first) && line.contains("+++ exited with 0 +++");
    let all = wait::until("its end", SOON, || {
        let all = lines();
        all.lines().any(ended).then_some(all)
    });
    let name = |line: &str| {
        let call = line.split_once(' ')?.1.trim_start();
        let (name, _) = call.split_once('(')?;
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_').then(|| name.to_owned())
    };
    // What leads up to it is the tracer's.
    let program = |line: &str| line.split_once("execve(\"")?.1.split('"').next().map(str::to_owned);
    let own = all.lines().skip_while(|line| !program(line).is_some_and(|path| path.ends_with("/otp-sidecar")));
    let asked: BTreeSet<_> = own.filter_map(name).collect();
    assert!(asked.len() > 40 && asked.contains("epoll_wait") && asked.contains("fdatasync"), "{asked:?}");
    let privileged = calls_of("@privileged");
    let allowed: BTreeSet<_> = calls_of("@system-service").difference(&privileged).cloned().collect();
    let refused: Vec<_> = asked.difference(&allowed).collect();
    assert!(refused.is_empty(), "{refused:?}");
}
