//! `deploy/prometheus/check.sh`: what is wrong is said in one line, each kind with an exit code of its own.

use std::{fs, process::Command};

use super::{
    daemon::{Daemon, deployed, place},
    prometheus::configure,
};
use crate::support::{Address, Rig};

/// Exit code and what was said.
fn check(arguments: &[&str]) -> (i32, String) {
    let done = Command::new(deployed("prometheus/check.sh")).args(arguments).output().expect("a shell");
    assert!(done.stdout.is_empty(), "{done:?}");
    (done.status.code().expect("an exit code"), String::from_utf8_lossy(&done.stderr).into_owned())
}

/// It ends with this code, and with one line that has these words.
#[track_caller]
fn fails(arguments: &[&str], code: i32, words: &[&str]) {
    let (ended, said) = check(arguments);
    assert_eq!(ended, code, "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
}

#[test]
fn what_is_deployed_and_what_a_sidecar_answers_are_well() {
    let rig = Rig::start(&[]);
    let Address::Tcp(admin) = rig.sidecar.admin().clone() else { panic!("not TCP") };
    let config = deployed("prometheus/prometheus.yml").display().to_string();
    assert_eq!(check(&[&config, &format!("http://{admin}/metrics")]), (0, String::new()));
    // The wrong path, and the wrong listener.
    fails(&[&config, &format!("http://{admin}/metric")], 76, &["/metric", "404"]);
    let Address::Tcp(app) = rig.sidecar.app() else { panic!("not TCP") };
    fails(&[&config, &format!("http://{app}/metrics")], 76, &["/metrics", "404"]);
    drop(rig);
    fails(&[&config, &format!("http://{admin}/metrics")], 69, &["no answer"]);
}

#[test]
fn a_mistake_in_a_file_is_named_and_prometheus_does_not_start_with_it() {
    let dir = place("rules");
    configure(dir.path(), &[], "127.0.0.1:1");
    let config = dir.path().join("prometheus.yml").display().to_string();
    let rules = dir.path().join("rules/attacks.yml");
    let right = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, right.replace("sum by (cluster, namespace, job) (", "sum by (cluster namespace job) (")).unwrap();
    fails(&[&config], 65, &["attacks.yml", "OtpBruteForce", "parse error"]);
    fs::write(&rules, right.replace("labels: {severity", "label: {severity")).unwrap();
    fails(&[&config], 65, &["attacks.yml", "label"]);
    let arguments = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:0"];
    let moved = place("prometheus");
    fs::rename(dir.path(), moved.path().join("etc")).unwrap();
    let at = arguments.map(|argument| argument.replace("file=", "file=etc/"));
    let mut started = Daemon::start("prometheus", moved, &at.each_ref().map(String::as_str));
    assert!(!started.ended().success());
    assert!(started.log().contains("attacks.yml"), "{}", started.log());
}

#[test]
fn a_file_that_is_not_there_and_a_wrong_call_are_told_apart() {
    let dir = place("rules");
    configure(dir.path(), &[], "127.0.0.1:1");
    let config = dir.path().join("prometheus.yml").display().to_string();
    fs::remove_file(dir.path().join("rules/service.yml")).unwrap();
    fails(&[&config], 66, &["service.yml"]);
    fails(&["/no/such/prometheus.yml"], 66, &["/no/such/prometheus.yml", "cannot be read"]);
    fails(&[], 64, &["usage"]);
}
