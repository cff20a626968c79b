//! What the page on recovery tells somebody to type is typed, and does what it says: on a machine with a Redis that has files,
//! a sidecar and its secrets, of which something is lost.

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::{PermissionsExt, symlink},
    process::{Command, Output},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

use super::block::marked;
use crate::{
    deploy::daemon::{Daemon, place},
    support::{Answer, Client, Issued, Sidecar, launch::Builder, process, redis::port::Port, wait, wrong_code_than},
};

const SECRETS: [&str; 5] = ["OTP_PEPPER", "OTP_INDEX_KEY", "OTP_AUDIT_KEY", "OTP_API_KEYS", "OTP_ADMIN_KEYS"];
const CONFIG: &str = "bind 127.0.0.1\nappendonly yes\nsave \"\"\nmaxmemory-policy noeviction\n";

/// See the module.
struct Machine {
    root: TempDir,
    ports: [Port; 2],
    redis: Option<Daemon>,
    sidecar: Option<Sidecar>,
}

impl Machine {
    fn set() -> Self {
        let root = place("machine");
        let at = |path: &str| root.path().join(path);
        for dir in ["bin", "etc/otp-sidecar", "etc/redis", "var/lib/redis", "var/lib/otp-sidecar"] {
            fs::create_dir_all(at(dir)).unwrap();
        }
        let ports = [Port::take(), Port::take()];
        let redis = process::find("redis-cli").expect("redis-cli").display().to_string();
        let own = format!("exec {redis} -p {} \"$@\"", ports[0].number());
        // There is no user `redis` everywhere.
        for (name, script) in [("redis-cli", &*own), ("chown", "")] {
            fs::write(at("bin").join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(at("bin").join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        symlink(env!("CARGO_BIN_EXE_otp-sidecar"), at("bin/otp-sidecar")).unwrap();
        let place = format!("port {}\ndir {}\n", ports[0].number(), at("var/lib/redis").display());
        fs::write(at("etc/redis/redis.conf"), place + CONFIG).unwrap();
        let mut machine = Self { root, ports, redis: None, sidecar: None };
        let keygen =
            "otp-sidecar keygen | while IFS== read -r name value; do echo $value > etc/otp-sidecar/$name; done";
        assert!(machine.shell(keygen).status.success());
        machine.system("start redis-server");
        machine.system("start otp-sidecar");
        machine
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.root.path().join(path)
    }

    fn key(&self, name: &str) -> String {
        let text = fs::read_to_string(self.at("etc/otp-sidecar").join(name)).unwrap();
        text.trim().split_once(':').unwrap().1.to_owned()
    }

    fn app(&self) -> Client {
        Client::new(self.sidecar.as_ref().unwrap().app().clone()).with_key(&self.key("OTP_API_KEYS"))
    }

    fn operator(&self) -> Client {
        Client::new(self.sidecar.as_ref().unwrap().admin().clone()).with_key(&self.key("OTP_ADMIN_KEYS"))
    }

    fn settings(&self) -> Builder {
        let redis = format!("redis://127.0.0.1:{}", self.ports[0].number());
        let builder = SECRETS.iter().fold(Sidecar::builder(), |builder, name| {
            let file = self.at("etc/otp-sidecar").join(name);
            builder.unset(name).set(&format!("{name}_FILE"), file.to_str().unwrap())
        });
        builder.set_all(&[
            ("REDIS_URL", &redis),
            ("OTP_ADMIN_LISTEN", &format!("127.0.0.1:{}", self.ports[1].number())),
            ("OTP_DATA_DIR", self.at("var/lib/otp-sidecar").to_str().unwrap()),
            ("OTP_AUDIT_SINK", "dir"),
            ("OTP_MAX_CONSECUTIVE_FAILURES", "5"),
        ])
    }

    /// What `systemctl` does.
    #[track_caller]
    fn system(&mut self, what: &str) {
        match what {
            "start redis-server" => {
                let config = self.at("etc/redis/redis.conf").display().to_string();
                let mut redis = Daemon::start("redis-server", place("redis"), &[&config]);
                let port = self.ports[0].number();
                redis.said("nothing, and listen", |_| TcpStream::connect(("127.0.0.1", port)).ok().map(drop));
                self.redis = Some(redis);
            }
            "stop redis-server" => {
                let mut redis = self.redis.take().expect("it runs");
                let pid = Pid::from_raw(i32::try_from(redis.pid()).unwrap()).unwrap();
                kill_process(pid, Signal::TERM).unwrap();
                assert!(redis.ended().success());
            }
            "start otp-sidecar" => self.sidecar = Some(self.settings().start()),
            "stop otp-sidecar" => assert!(self.sidecar.take().expect("it runs").terminate().0.success()),
            "restart otp-sidecar" => {
                self.system("stop otp-sidecar");
                self.system("start otp-sidecar");
            }
            other => panic!("{other}"),
        }
    }

    fn shell(&self, text: &str) -> Output {
        let root = self.root.path().display();
        let text = ["/etc/", "/var/lib/", "/backup"]
            .iter()
            .fold(text.to_owned(), |text, place| text.replace(place, &format!("{root}{place}")))
            .replace("127.0.0.1:6379", &format!("127.0.0.1:{}", self.ports[0].number()))
            .replace("127.0.0.1:8081", &format!("127.0.0.1:{}", self.ports[1].number()));
        let path = format!("{root}/bin:{}", std::env::var("PATH").unwrap());
        let admin = format!("http://127.0.0.1:{}", self.ports[1].number());
        let mut command = Command::new("sh");
        command.args(["-euc", &text]).current_dir(self.root.path()).env_clear();
        command.envs([("PATH", &*path), ("OTP_ADMIN_URL", &admin)]).output().unwrap()
    }

    /// Types all blocks of this name, as far as they succeed; answers how the last command ended and all that was said.
    #[track_caller]
    fn types(&mut self, name: &str) -> (i32, String) {
        let first = marked("recover-shell")[0].text;
        let mut all = String::new();
        for block in marked(name) {
            let mut pending = String::new();
            for line in block.text.lines().chain(["systemctl"]) {
                let Some(what) = line.strip_prefix("systemctl") else {
                    pending.push_str(&format!("{line}\n"));
                    continue;
                };
                let done = self.shell(&format!("{first}\n{}", std::mem::take(&mut pending)));
                all += &[done.stdout, done.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
                if !done.status.success() {
                    return (done.status.code().unwrap(), all);
                }
                if !what.is_empty() {
                    self.system(what.trim());
                }
            }
        }
        (0, all)
    }

    #[track_caller]
    fn types_well(&mut self, name: &str) -> String {
        let (code, said) = self.types(name);
        assert_eq!(code, 0, "{name}: {said}");
        said
    }

    async fn lock(&self, subject: &str) {
        let body = json!({"subject": subject, "minutes": 600, "reason": "a test"});
        self.operator().post("/admin/v1/lock", &body).await.is(200);
    }

    /// Who is locked or disabled, by reference.
    async fn locked(&self) -> Vec<String> {
        let answer = self.operator().get("/admin/v1/locks").await.is(200);
        let mut all: Vec<_> = answer.body["locks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|lock| lock["subject_ref"].as_str().unwrap().to_owned())
            .collect();
        all.sort();
        all
    }

    /// Waits until an event of this type is in the trail.
    #[track_caller]
    fn exported(&self, kind: &str) {
        let wanted = format!("\"type\":\"{kind}\"");
        wait::until(kind, wait::PATIENCE, || {
            let trails = fs::read_dir(self.at("var/lib/otp-sidecar/audit")).ok()?.filter_map(Result::ok);
            let mut files = trails.filter_map(|trail| fs::read_to_string(trail.path().join("00000001.jsonl")).ok());
            files.any(|text| text.contains(&wanted)).then_some(())
        });
    }
}

#[track_caller]
fn is_void(answer: &Answer) {
    assert_eq!((answer.status, &answer.body["valid"]), (200, &json!(false)), "{answer:?}");
    assert!(["expired", "not_found"].contains(&answer.body["status"].as_str().unwrap()), "{answer:?}");
}

async fn works(machine: &Machine, subject: &str) {
    let Issued { id, code, .. } = machine.app().issue(subject).await;
    machine.app().check_id(&id, &code).await.approved();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_backed_up_is_restored_and_codes_of_before_are_void() {
    let mut machine = Machine::set();
    machine.lock("bob@example.com").await;
    let used = machine.app().issue("ann@example.com").await;
    machine.exported("send");
    assert!(machine.types_well("back-up").contains("as it was written"));
    let locked = machine.locked().await;
    machine.app().check_id(&used.id, &used.code).await.approved();
    machine.lock("kim@example.com").await;
    // The machine's disk is gone but for the trail: another's secrets and no data.
    for name in SECRETS {
        fs::write(machine.at("etc/otp-sidecar").join(name), "gone").unwrap();
    }
    machine.types_well("restore");
    let (code, said) = machine.types("restored");
    assert_eq!(code, 0, "{said}");
    let counts = said.lines().any(|line| line.starts_with("otp_store_rollbacks_total") && !line.ends_with(" 0"));
    assert!(counts && said.contains("ready\n") && said.contains("as it was written"), "{said}");
    assert_eq!(machine.locked().await, locked, "of the backup");
    is_void(&machine.app().check_id(&used.id, &used.code).await);
    works(&machine, "eve@example.com").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_redis_was_lost_who_was_locked_by_hand_or_for_good_is_locked_again() {
    let mut machine = Machine::set();
    let pending = machine.app().issue("ann@example.com").await;
    machine.lock("bob@example.com").await;
    let stopped = machine.app().issue("kim@example.com").await;
    for _ in 0..5 {
        machine.app().check_id(&stopped.id, &wrong_code_than(&stopped.code)).await.is(200);
    }
    machine.exported("disable");
    machine.exported("admin.lock");
    let locked = machine.locked().await;
    assert_eq!(locked.len(), 2);
    machine.system("stop redis-server");
    fs::remove_dir_all(machine.at("var/lib/redis")).unwrap();
    fs::create_dir(machine.at("var/lib/redis")).unwrap();
    let said = machine.types_well("lost-redis");
    assert!(locked.iter().all(|reference| said.contains(reference)), "{said}");
    assert_eq!(machine.locked().await, locked);
    is_void(&machine.app().check_id(&pending.id, &pending.code).await);
    works(&machine, "eve@example.com").await;
    assert!(machine.types_well("restart").ends_with("ready\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_trail_was_lost_a_new_one_is_written_and_what_is_missing_is_named() {
    let mut machine = Machine::set();
    works(&machine, "ann@example.com").await;
    machine.exported("check");
    machine.types_well("back-up");
    machine.lock("bob@example.com").await;
    machine.exported("admin.lock");
    fs::remove_dir_all(machine.at("var/lib/otp-sidecar/audit")).unwrap();
    works(&machine, "kim@example.com").await;
    machine.exported("check");
    let (code, said) = machine.types("lost-trail");
    assert!(code == 17 && said.contains("cut off: "), "{code}: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_key_was_lost_work_goes_on_with_a_new_one() {
    let mut machine = Machine::set();
    machine.lock("bob@example.com").await;
    machine.exported("admin.lock");
    machine.types_well("back-up");
    let locked = machine.locked().await;
    let gone = |machine: &Machine, name: &str| fs::write(machine.at("etc/otp-sidecar").join(name), "").unwrap();

    let pending = machine.app().issue("ann@example.com").await;
    gone(&machine, "OTP_PEPPER");
    machine.types_well("lost-pepper");
    is_void(&machine.app().check_id(&pending.id, &pending.code).await);
    works(&machine, "eve@example.com").await;

    gone(&machine, "OTP_AUDIT_KEY");
    assert!(machine.types_well("lost-audit-key").contains("as it was written"));
    assert_eq!(machine.locked().await, locked);
    works(&machine, "eva@example.com").await;

    gone(&machine, "OTP_INDEX_KEY");
    machine.types_well("lost-index-key");
    assert!(machine.locked().await.is_empty());
    works(&machine, "ann@example.com").await;
}
