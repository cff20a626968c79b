//! What kustomize makes of the objects for Kubernetes, judged by schemas, and the component in somebody else's directory.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    daemon::{deployed, place, read},
    yaml::documents,
};

/// Where a program is that reads what is deployed; `deploy/install-deps.sh tests` puts it there.
pub fn validator(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/validators/bin").join(name)
}

/// What kustomize makes of a directory.
pub fn kustomized(dir: &Path) -> String {
    let done = Command::new(validator("kubectl")).arg("kustomize").arg(dir).output();
    let done = done.expect("kubectl; `make test-deps` installs it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
fn every_object_is_valid_from_the_oldest_kubernetes_to_the_newest() {
    let dir = place("kubernetes");
    let file = dir.path().join("all.yaml");
    fs::write(&file, kustomized(&deployed("kubernetes"))).unwrap();
    let judged = |version: &str| {
        let mut tool = Command::new(validator("kubernetes-validate"));
        let done = tool.args(["--strict", "-k", version]).arg(&file).output().expect("`make test-deps` installs it");
        (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
    };
    for version in ["1.29", "1.33", "1.37"] {
        let (well, said) = judged(version);
        assert!(well && said.contains(&format!("deployment/app against version {version}")), "{said}");
    }
    // It does find mistakes.
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("restartPolicy: Always", "restartsPolicy: Always")).unwrap();
    assert!(!judged("1.33").0);
}

/// Another app's own Deployments, one of which asks for the sidecar.
const OTHERS: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, labels: {otp-sidecar: "true"}}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: web, image: shop, volumeMounts: [{name: cache, mountPath: /cache}]}], volumes: [{name: cache, emptyDir: {}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: blog}
spec:
  selector: {matchLabels: {app: blog}}
  template:
    metadata: {labels: {app: blog}}
    spec: {containers: [{name: web, image: blog}]}
"#;

#[test]
fn the_component_puts_the_sidecar_beside_whatever_is_labelled_and_leaves_the_rest_alone() {
    let dir = place("kustomize");
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    fs::create_dir(dir.path().join("component")).unwrap();
    for file in ["kustomization.yaml", "sidecar.yaml", "networkpolicy.yaml"] {
        write(&format!("component/{file}"), &read(&format!("kubernetes/component/{file}")));
    }
    write("all.yaml", OTHERS);
    write("kustomization.yaml", "resources: [all.yaml]\ncomponents: [component]\n");
    let all = documents(&kustomized(dir.path()));
    let pod = |name: &str| {
        let found = all.iter().find(|object| object["kind"] == "Deployment" && object["metadata"]["name"] == name);
        found.unwrap()["spec"]["template"].clone()
    };
    let (shop, blog) = (pod("shop"), pod("blog"));
    assert_eq!(blog["spec"], serde_json::json!({"containers": [{"name": "web", "image": "blog"}]}));
    assert_eq!(shop["metadata"]["labels"], serde_json::json!({"app": "shop", "otp-sidecar": "true"}));
    assert_eq!(shop["spec"]["containers"][0]["name"], "web");
    let own = &shop["spec"]["initContainers"][0];
    assert_eq!((&own["name"], &own["restartPolicy"]), (&"otp-sidecar".into(), &"Always".into()));
    let volumes: Vec<_> = shop["spec"]["volumes"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert!(["cache", "otp-data", "otp-secrets"].iter().all(|name| volumes.contains(&(*name).into())), "{volumes:?}");
    let config = own["envFrom"][0]["configMapRef"]["name"].as_str().unwrap();
    assert!(all.iter().any(|object| object["kind"] == "ConfigMap" && object["metadata"]["name"] == config));
}
