//! The compose file: as docker-compose reads it, with the files that it mounts, and with a Redis and a sidecar that work as it
//! starts them.

use std::{collections::BTreeSet, fs, process::Command};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::{
    daemon::{Daemon, deployed, place, read},
    yaml::{document, texts},
};
use crate::support::{Sidecar, redis::port::Port, wait};

/// What the shell lines of the file's head make, beside the files that it mounts.
const MADE: [&str; 3] = ["otp.env", "otp.acl", "grafana.password"];

/// A directory in which the head's shell lines were typed, before docker is asked for anything.
fn made() -> TempDir {
    let dir = place("compose");
    fs::create_dir(dir.path().join("deploy")).unwrap();
    fs::copy(deployed("redis.acl"), dir.path().join("deploy/redis.acl")).unwrap();
    let whole = read("compose.yaml");
    let lines = whole.lines().filter_map(|line| line.strip_prefix("#   ")).skip(1);
    let lines: Vec<_> = lines.take_while(|line| !line.starts_with("docker compose")).collect();
    let [script @ .., chmod] = &lines[..] else { panic!("{lines:?}") };
    let chmod = chmod.split("    (").next().unwrap();
    let keygen = format!("{} keygen", env!("CARGO_BIN_EXE_otp-sidecar"));
    let script = format!("{}\n{chmod}", script.join("\n")).replace("docker run --rm otp-sidecar keygen", &keygen);
    let done = Command::new("sh").args(["-euc", &script]).current_dir(dir.path()).output().unwrap();
    assert!(done.status.success() && done.stderr.is_empty(), "{script}\n{done:?}");
    dir
}

/// The file as docker-compose understands it, from a directory with `otp.env` beside it.
fn understood() -> Value {
    let dir = place("compose");
    fs::write(dir.path().join("compose.yaml"), read("compose.yaml")).unwrap();
    fs::write(dir.path().join("otp.env"), "OTP_PEPPER=x\n").unwrap();
    let done = Command::new("docker-compose").args(["-f", "compose.yaml", "config"]).current_dir(dir.path()).output();
    let done = done.expect("docker-compose; `make test-deps` installs it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    document(&String::from_utf8_lossy(&done.stdout))
}

fn networks(service: &Value) -> BTreeSet<String> {
    service["networks"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn everything_is_there_and_only_this_machine_reaches_it() {
    let whole = understood();
    let services = whole["services"].as_object().unwrap();
    let names: Vec<_> = services.keys().map(String::as_str).collect();
    assert_eq!(names, ["alertmanager", "grafana", "otp-sidecar", "prometheus", "redis"]);
    for (name, service) in services {
        assert_eq!(service["security_opt"], serde_json::json!(["no-new-privileges:true"]), "{name}");
        assert_eq!(service["restart"], "unless-stopped", "{name}");
        let image = service["image"].as_str().unwrap();
        assert!(name == "otp-sidecar" || image.contains(':'), "{image} is whatever is newest");
        for port in texts(service.get("ports").unwrap_or(&serde_json::json!([]))) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
            // The admin listener is for those on its network.
            assert!(!port.contains("8081"), "{name}: {port}");
        }
    }
    assert_eq!(services["otp-sidecar"]["depends_on"]["redis"]["condition"], "service_healthy");
    assert!(whole["secrets"]["grafana"]["file"].as_str().unwrap().ends_with("/grafana.password"));
    // Redis is with the sidecar alone, and whatever watches is not with Redis.
    let with_redis: Vec<_> =
        services.iter().filter(|(_, service)| networks(service).contains("store")).map(|(name, _)| &**name).collect();
    assert_eq!(with_redis, ["otp-sidecar", "redis"]);
    assert_eq!((networks(&services["redis"]).len(), &whole["networks"]["store"]["internal"]), (1, &Value::Bool(true)));
    let sidecar = &services["otp-sidecar"];
    assert_eq!((&sidecar["read_only"], &sidecar["cap_drop"]), (&Value::Bool(true), &serde_json::json!(["ALL"])));
    assert_eq!(sidecar["stop_grace_period"], "30s");
}

#[test]
fn the_files_that_are_mounted_are_there_and_meet_each_other() {
    let whole = document(&read("compose.yaml"));
    let mut mounted = 0;
    for (name, service) in whole["services"].as_object().unwrap() {
        for volume in texts(service.get("volumes").unwrap_or(&serde_json::json!([]))) {
            match volume.strip_prefix("./") {
                Some(file) => {
                    let (from, to) = file.split_once(':').unwrap();
                    assert!(
                        (MADE.contains(&from) || deployed(from).exists()) && to.ends_with(":ro"),
                        "{name}: {volume}"
                    );
                    mounted += 1;
                }
                None => assert!(whole["volumes"].get(volume.split(':').next().unwrap()).is_some(), "{name}: {volume}"),
            }
        }
    }
    assert_eq!(mounted, 6);
    // Each is found under the name that the others call it by.
    for (file, names) in [
        ("prometheus/prometheus.yml", ["otp-sidecar:8081", "alertmanager:9093"].as_slice()),
        ("grafana/provisioning/datasources/prometheus.yaml", &["prometheus:9090"]),
    ] {
        let text = read(file);
        for name in names {
            let service = &whole["services"][name.split(':').next().unwrap()];
            assert!(text.contains(name) && service.is_object(), "{file}: {name}");
            assert!(texts(&service["networks"]).contains(&"watch".to_owned()), "{name}");
        }
    }
    let provider = read("grafana/provisioning/dashboards/otp-sidecar.yaml");
    assert!(
        provider.contains("path: /var/lib/grafana/dashboards")
            && read("compose.yaml").contains(":/var/lib/grafana/dashboards:ro")
    );
}

#[tokio::test]
async fn its_redis_and_its_sidecar_work_as_it_starts_them() {
    let whole = document(&read("compose.yaml"));
    let command = texts(&whole["services"]["redis"]["command"]);
    let port = Port::take();
    let shown = port.number().to_string();
    let made = made();
    let acl = made.path().join("deploy/otp.acl").display().to_string();
    let data = made.path().display().to_string();
    let more = ["--port", &*shown, "--bind", "127.0.0.1", "--dir", &data];
    let words = command.iter().skip(1).map(|word| if word == "/etc/redis/otp.acl" { &*acl } else { word });
    let words: Vec<_> = words.chain(more).collect();
    let start = || {
        let mut redis = Daemon::start("redis-server", place("redis"), &words);
        redis.said("that it is ready", |log| log.contains("Ready to accept connections").then_some(()));
        redis
    };
    let redis = start();
    let file = fs::read_to_string(made.path().join("deploy/otp.env")).unwrap();
    let file: Vec<_> = file.lines().filter_map(|line| line.split_once('=')).collect();
    let own = |name: &str| file.iter().find(|pair| pair.0 == name).map(|pair| pair.1.to_owned()).unwrap();
    // Whoever has no password may do nothing, and is answered all the same.
    let ping = Command::new("redis-cli").args(["-p", &shown, "ping"]).output().unwrap();
    assert!(String::from_utf8_lossy(&[ping.stdout, ping.stderr].concat()).contains("NOAUTH"));

    let environment = whole["services"]["otp-sidecar"]["environment"].as_object().unwrap().clone();
    let mut builder = Sidecar::builder();
    for (name, value) in &environment {
        let value = value.as_str().unwrap();
        // Ports of our own, on this machine.
        let value = match &**name {
            "OTP_LISTEN" | "OTP_ADMIN_LISTEN" => {
                assert!(value.starts_with("0.0.0.0:"), "{value}");
                "127.0.0.1:0".to_owned()
            }
            _ => value.to_owned(),
        };
        builder = builder.set(name, &value);
    }
    let sidecar =
        builder.set("REDIS_URL", &own("REDIS_URL").replace("redis:6379", &format!("127.0.0.1:{shown}"))).start();
    let issued = sidecar.client().issue("ann").await;
    sidecar.client().check_id(&issued.id, &issued.code).await.approved();
    wait::until("the append-only file", wait::PATIENCE, || made.path().join("appendonlydir").is_dir().then_some(()));
    // With the default user shut out it keeps, over a restart, what it was told.
    rustix::process::kill_process(rustix::process::Pid::from_raw(redis.pid() as i32).unwrap(), Signal::TERM).unwrap();
    let gone = || std::net::TcpStream::connect(("127.0.0.1", port.number())).is_err().then_some(());
    wait::until("the end of Redis", wait::PATIENCE, gone);
    drop(redis);
    let _redis = start();
    let client = sidecar.client();
    let counted = || async {
        let answer = client.post("/v1/status", &serde_json::json!({"subject": "ann"})).await;
        (answer.status == 200).then(|| answer.body["requests_last_hour"].clone())
    };
    assert_eq!(wait::until_async("Redis", wait::PATIENCE, counted).await, 1);
    // With the variables that the file asks for and no others, it may listen to other containers.
    let refused = otp_sidecar::config::Config::from_env(
        environment.iter().map(|(name, value)| (name.into(), value.as_str().unwrap().into())),
    );
    assert!(refused.is_err(), "without keys it listens to everybody");
    let with = environment.iter().map(|(name, value)| (name.into(), value.as_str().unwrap().into()));
    let taken =
        otp_sidecar::config::Config::from_env(with.chain(file.iter().map(|pair| (pair.0.into(), pair.1.into()))));
    assert!(taken.is_ok(), "{:?}", taken.err());
}
