//! The objects for Kubernetes: rendered by kustomize, read by the interface's own types, meeting each other, and with a sidecar
//! that works with the settings that they give it.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt};

use k8s_openapi::{
    Resource,
    api::{
        apps::v1::Deployment,
        core::v1::{ConfigMap, Container, Probe, Service},
        networking::v1::NetworkPolicy,
        policy::v1::PodDisruptionBudget,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    daemon::{deployed, place, read},
    kustomize::kustomized,
    yaml::{document, documents},
};
use crate::support::{Client, Redis, Sidecar, keys};

/// All objects, as they would be applied.
fn rendered() -> Vec<Value> {
    documents(&kustomized(&deployed("kubernetes")))
}

/// The object of this kind and name. Its type must know every field: what it writes again is what it read.
#[track_caller]
fn find<T: DeserializeOwned + Serialize>(kind: &str, version: &str, name: &str) -> T {
    let all = rendered();
    let wanted = |object: &&Value| {
        let own = object["metadata"]["name"].as_str().unwrap_or_default();
        // A ConfigMap's name ends with a hash of what is in it.
        object["kind"] == kind && (own == name || kind == "ConfigMap" && own.starts_with(&format!("{name}-")))
    };
    let object = all.iter().find(wanted).unwrap_or_else(|| panic!("no {kind} {name}"));
    assert_eq!(object["apiVersion"], version, "{kind}");
    let read: T = serde_json::from_value(object.clone()).unwrap_or_else(|error| panic!("{kind} {name}: {error}"));
    assert_eq!(serde_json::to_value(&read).unwrap(), *object, "{kind} {name} has fields that nobody knows");
    read
}

fn core<T: Resource + DeserializeOwned + Serialize>(name: &str) -> T {
    find(T::KIND, T::API_VERSION, name)
}

/// What the Prometheus operator's types say, as far as it is used.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ServiceMonitor {
    api_version: String,
    kind: String,
    metadata: Value,
    spec: Monitored,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Monitored {
    job_label: String,
    selector: Selector,
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Selector {
    match_labels: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Endpoint {
    port: String,
    path: String,
    interval: String,
}

fn container() -> Container {
    let pod = core::<Deployment>("app").spec.unwrap().template.spec.unwrap();
    let containers = pod.init_containers.expect("what starts before the app");
    containers.into_iter().find(|container| container.name == "otp-sidecar").expect("the sidecar")
}

#[test]
fn there_are_these_objects_and_no_others() {
    let named = |object: Value| {
        format!("{} {}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap())
    };
    let all: BTreeSet<_> =
        rendered().into_iter().map(named).map(|name| name.split("-sidecar-").next().unwrap().to_owned()).collect();
    let wanted = [
        "ConfigMap otp",
        "Deployment app",
        "NetworkPolicy otp-sidecar",
        "NetworkPolicy redis",
        "PodDisruptionBudget app",
        "PrometheusRule otp-sidecar",
        "Service app",
        "Service otp-sidecar",
        "ServiceMonitor otp-sidecar",
    ];
    assert_eq!(all, wanted.map(str::to_owned).into());
}

#[test]
fn whatever_selects_finds_and_ports_are_those_that_there_are() {
    let deployment = core::<Deployment>("app").spec.unwrap();
    let pod = deployment.template.metadata.unwrap().labels.unwrap();
    let finds = |labels: Option<std::collections::BTreeMap<String, String>>| {
        let labels = labels.unwrap();
        !labels.is_empty() && labels.iter().all(|label| pod.get(label.0) == Some(label.1))
    };
    assert!(finds(deployment.selector.match_labels));
    let budget = core::<PodDisruptionBudget>("app").spec.unwrap();
    assert!(finds(budget.selector.unwrap().match_labels) && budget.max_unavailable == Some(IntOrString::Int(1)));
    for name in ["app", "otp-sidecar"] {
        assert!(finds(core::<Service>(name).spec.unwrap().selector), "{name}");
    }
    let pod = deployment.template.spec.unwrap();
    let ports: BTreeSet<_> = pod
        .containers
        .iter()
        .chain(pod.init_containers.iter().flatten())
        .flat_map(|container| container.ports.iter().flatten())
        .filter_map(|port| port.name.clone())
        .collect();
    assert_eq!(ports, ["http", "otp-admin"].map(str::to_owned).into());
    let policy = core::<NetworkPolicy>("otp-sidecar").spec.unwrap();
    assert!(finds(policy.pod_selector.and_then(|selector| selector.match_labels)));
    // Out go questions to DNS and to Redis.
    let out: Vec<_> = policy.egress.unwrap().into_iter().flat_map(|rule| rule.ports.unwrap()).collect();
    let out: Vec<_> = out.into_iter().map(|port| port.port.unwrap()).collect();
    assert_eq!(out, [53, 53, 6379].map(IntOrString::Int));
    let open = policy.ingress.unwrap();
    let let_in: Vec<_> =
        open.iter().flat_map(|rule| rule.ports.iter().flatten()).filter_map(|port| port.port.clone()).collect();
    assert_eq!(let_in, ["http", "otp-admin"].map(|name| IntOrString::String(name.to_owned())));
    assert!(open[0].from.is_none() && open[1].from.as_ref().is_some_and(|from| from.len() == 1));
    let store = core::<NetworkPolicy>("redis").spec.unwrap().ingress.unwrap();
    let from = store[0].from.clone().unwrap();
    assert!(store.len() == 1 && finds(from[0].pod_selector.clone().unwrap().match_labels));

    let monitor: ServiceMonitor = find("ServiceMonitor", "monitoring.coreos.com/v1", "otp-sidecar");
    let service = core::<Service>("otp-sidecar");
    let labels = service.metadata.labels.unwrap();
    assert!(monitor.spec.selector.match_labels.iter().all(|label| labels.get(label.0) == Some(label.1)));
    // The job that the alert looks for.
    assert_eq!(labels[&monitor.spec.job_label], "otp-sidecar");
    let [endpoint] = &monitor.spec.endpoints[..] else { panic!("one endpoint") };
    let [port] = &service.spec.unwrap().ports.unwrap()[..] else { panic!("one port") };
    assert_eq!((port.name.as_ref(), &*endpoint.path), (Some(&endpoint.port), "/metrics"));
    assert!(read("prometheus/prometheus.yml").contains(&format!("scrape_interval: {}", endpoint.interval)));
}

#[test]
fn the_pod_is_closed_and_ends_in_order() {
    let pod = core::<Deployment>("app").spec.unwrap().template.spec.unwrap();
    assert_eq!(pod.automount_service_account_token, Some(false));
    let shared = pod.security_context.unwrap();
    assert_eq!((shared.run_as_non_root, &*shared.seccomp_profile.unwrap().type_), (Some(true), "RuntimeDefault"));
    let own = container();
    let closed = own.security_context.unwrap();
    assert!(closed.run_as_user.unwrap() > 0 && closed.read_only_root_filesystem == Some(true));
    let closed_capabilities = closed.capabilities.clone();
    assert_eq!(
        (closed.allow_privilege_escalation, closed.capabilities.unwrap().drop),
        (Some(false), Some(vec!["ALL".to_owned()]))
    );
    // The image's user, so that what it owns is its own.
    assert!(read("Dockerfile").contains(&format!("USER {}:", closed.run_as_user.unwrap())));
    // It ends when the app has, and so nothing of the app's is held up for it.
    assert_eq!(own.restart_policy.as_deref(), Some("Always"));
    assert!(
        own.lifecycle.is_none() && pod.termination_grace_period_seconds.unwrap() > 24,
        "a drain takes 24 s at most"
    );
    // A namespace that is "restricted" takes the placeholder too.
    let app = pod.containers[0].security_context.clone().unwrap();
    assert_eq!((app.allow_privilege_escalation, app.capabilities), (Some(false), closed_capabilities));
    assert_eq!(pod.enable_service_links, Some(false));
    let settings = core::<ConfigMap>("otp-sidecar").data.unwrap();
    let memory = own.resources.unwrap().limits.unwrap()["memory"].0.trim_end_matches("Mi").parse::<u32>().unwrap();
    let threads = settings["OTP_HASH_THREADS"].parse::<u32>().unwrap();
    assert!(18 + 19 * threads <= memory / 2, "{threads} threads in {memory} MiB");
}

/// The rules are those of Prometheus, and Prometheus's own tool has judged them there.
#[test]
fn the_rules_are_the_same() {
    let object = document(&read("kubernetes/prometheusrule.yaml"));
    assert_eq!(
        (object["kind"].as_str(), object["apiVersion"].as_str()),
        (Some("PrometheusRule"), Some("monitoring.coreos.com/v1"))
    );
    let groups: Vec<Value> = super::prometheus::RULES
        .iter()
        .flat_map(|file| document(&read(&format!("prometheus/{file}")))["groups"].as_array().unwrap().clone())
        .collect();
    assert_eq!(object["spec"]["groups"], Value::Array(groups));
}

/// Another key than all others of the tests.
const AUDIT_KEY: &str = "YXVkaXQta2V5LW9mLXRoZS10ZXN0cy0wMTIzNDUtYS0=";

#[tokio::test]
async fn a_sidecar_with_these_settings_answers_every_probe() {
    let own = container();
    let settings = core::<ConfigMap>("otp-sidecar").data.unwrap();
    let redis = Redis::start();
    // What the Secret is said to hold.
    let names = "OTP_PEPPER, OTP_INDEX_KEY, OTP_AUDIT_KEY, OTP_API_KEYS, OTP_ADMIN_KEYS, REDIS_URL";
    assert!(read("kubernetes/component/sidecar.yaml").contains(names));
    // As the kubelet mounts them: a file for each, and a directory that everybody may write.
    let dir = place("pod");
    let mounts = own.volume_mounts.clone().unwrap();
    let mounted = |volume: &str| {
        let mount = mounts.iter().find(|mount| mount.name == volume).unwrap();
        let at = dir.path().join(mount.mount_path.trim_start_matches('/'));
        fs::create_dir_all(&at).unwrap();
        fs::set_permissions(&at, fs::Permissions::from_mode(0o777)).unwrap();
        at
    };
    let (secrets, data) = (mounted("otp-secrets"), mounted("otp-data"));
    let values = [
        keys::PEPPER.to_owned(),
        keys::INDEX_KEY.to_owned(),
        AUDIT_KEY.to_owned(),
        keys::api_keys(),
        keys::admin_keys(),
        redis.sidecars_url(),
    ];
    let mut builder = Sidecar::builder();
    for (name, value) in names.split(", ").zip(values) {
        fs::write(secrets.join(name), value).unwrap();
        builder = builder.unset(name);
    }
    for (name, value) in &settings {
        let value = match &**name {
            "OTP_LISTEN" | "OTP_ADMIN_LISTEN" => "127.0.0.1:0".to_owned(),
            _ if value.starts_with('/') => format!("{}{value}", dir.path().display()),
            _ => value.clone(),
        };
        builder = builder.set(name, &value);
    }
    let sidecar = builder.start();
    assert!(data.join("otp-sidecar/audit").is_dir());
    // Every request of the app goes to the pod's own loopback.
    assert!(settings["OTP_LISTEN"].starts_with("127.0.0.1:") && settings["OTP_ADMIN_LISTEN"].starts_with("0.0.0.0:"));
    // A probe names the pod's address.
    let kubelet = Client::new(sidecar.admin().clone()).with_header("host", "10.244.0.7:8081");
    let probe = |probe: Option<Probe>| {
        let asked = probe.expect("a probe").http_get.expect("a request");
        assert_eq!(asked.port, IntOrString::String("otp-admin".to_owned()));
        asked.path.expect("a path")
    };
    for path in [probe(own.startup_probe), probe(own.readiness_probe), probe(own.liveness_probe), "/metrics".to_owned()]
    {
        kubelet.get(&path).await.is(200);
    }
    let issued = sidecar.client().issue("ann").await;
    sidecar.client().check_id(&issued.id, &issued.code).await.approved();
    sidecar.tells("its event", |line| line.contains("approved"));
}
