//! The compose file: as docker-compose reads it, with the files that it mounts, and with a Redis and a sidecar that work as it
//! starts them.

use std::{collections::BTreeSet, fs, process::Command};

use serde_json::Value;

use super::{
    daemon::{Daemon, deployed, place, read},
    yaml::{document, texts},
};
use crate::support::{Sidecar, keys, redis::port::Port, wait};

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
                    assert!(deployed(from).exists() && to.ends_with(":ro"), "{name}: {volume}");
                    mounted += 1;
                }
                None => assert!(whole["volumes"].get(volume.split(':').next().unwrap()).is_some(), "{name}: {volume}"),
            }
        }
    }
    assert_eq!(mounted, 5);
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
    let more = ["--port", &*shown, "--bind", "127.0.0.1", "--dir", "."];
    let words: Vec<_> = command.iter().skip(1).map(String::as_str).chain(more).collect();
    let mut redis = Daemon::start("redis-server", place("redis"), &words);
    redis.said("that it is ready", |log| log.contains("Ready to accept connections").then_some(()));

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
            "REDIS_URL" => value.replace("redis:6379", &format!("127.0.0.1:{shown}")),
            _ => value.to_owned(),
        };
        builder = builder.set(name, &value);
    }
    let sidecar = builder.start();
    let issued = sidecar.client().issue("ann").await;
    sidecar.client().check_id(&issued.id, &issued.code).await.approved();
    // With the variables that the file asks for and no others, it may listen to other containers.
    let refused = otp_sidecar::config::Config::from_env(
        environment.iter().map(|(name, value)| (name.into(), value.as_str().unwrap().into())),
    );
    assert!(refused.is_err(), "without keys it listens to everybody");
    let keys = [
        ("OTP_PEPPER", keys::PEPPER.to_owned()),
        ("OTP_INDEX_KEY", keys::INDEX_KEY.to_owned()),
        ("OTP_API_KEYS", keys::api_keys()),
        ("OTP_ADMIN_KEYS", keys::admin_keys()),
    ];
    let with = environment.iter().map(|(name, value)| (name.into(), value.as_str().unwrap().into()));
    let taken =
        otp_sidecar::config::Config::from_env(with.chain(keys.map(|(name, value)| (name.into(), value.into()))));
    assert!(taken.is_ok(), "{:?}", taken.err());
    wait::until("the append-only file", wait::PATIENCE, || redis.dir().join("appendonlydir").is_dir().then_some(()));
}
