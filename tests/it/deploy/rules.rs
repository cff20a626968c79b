//! Rules and metrics as Prometheus's own tools judge them, and each alert with all that belongs to it.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    process::{Command, Stdio},
};

use otp_sidecar::metrics::Metrics;

use super::{
    daemon::{deployed, read},
    prometheus::RULES,
};

/// The names of all alerts.
pub fn alerts() -> BTreeSet<String> {
    let text: String = RULES.iter().map(|file| read(&format!("prometheus/{file}"))).collect();
    let names: BTreeSet<_> =
        text.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).map(str::to_owned).collect();
    assert!(names.len() > 10, "{names:?}");
    names
}

/// Runs one of the tools over files below `deploy/prometheus`; what it said, and whether it found all well.
fn judged(tool: &str, arguments: &[&str]) -> (bool, String) {
    let done = Command::new(tool).args(arguments).current_dir(deployed("prometheus")).output();
    let done = done.unwrap_or_else(|error| panic!("{tool}: {error}; `make test-deps` installs it"));
    let said = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn the_configurations_hold() {
    for (tool, arguments) in [
        ("promtool", ["check", "config", "prometheus.yml"].as_slice()),
        ("amtool", &["check-config", "alertmanager.yml"]),
    ] {
        let (well, said) = judged(tool, arguments);
        assert!(well, "{said}");
    }
}

#[test]
fn each_rule_does_what_its_unit_tests_say() {
    let (well, said) = judged(
        "promtool",
        &["test", "rules", "tests/attacks.yml", "tests/service.yml", "tests/health.yml", "tests/recorded.yml"],
    );
    assert!(well, "{said}");
}

#[test]
fn each_alert_is_unit_tested_firing_and_not_and_each_recorded_rule_is() {
    let tests: String =
        ["attacks", "service", "health", "recorded"].map(|file| read(&format!("prometheus/tests/{file}.yml"))).concat();
    for alert in alerts() {
        // As `{eval_time: 1m, alertname: A}`, nothing is expected; on a line of its own, alerts are.
        assert!(alert == "Watchdog" || tests.contains(&format!("alertname: {alert}}}")), "{alert} never rests");
        assert!(tests.contains(&format!("        alertname: {alert}\n        exp_alerts:")), "{alert} never fires");
    }
    let recorded = read("prometheus/rules/recorded.yml");
    let names: BTreeSet<_> = recorded.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).collect();
    assert!(names.len() > 5);
    for name in names {
        assert!(tests.contains(&format!("expr: {name}")) || tests.contains(&format!("expr: round({name}")), "{name}");
    }
}

#[test]
fn clusters_whose_apps_have_one_name_are_told_apart() {
    let mut files: Vec<String> = RULES.iter().map(|file| read(&format!("prometheus/{file}"))).collect();
    files.push(read("prometheus/alertmanager.yml"));
    files.extend(alerts().iter().map(|alert| read(&format!("runbooks/{alert}.md"))));
    let dashboards = fs::read_dir(deployed("grafana/dashboards")).unwrap();
    files.extend(dashboards.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()));
    let counted = |what: &str| files.iter().map(|text| text.matches(what).count()).sum::<usize>();
    assert!(counted("cluster, namespace, job") > 50);
    assert_eq!(counted("namespace, job"), counted("cluster, namespace, job"));
    assert_eq!(counted(r#"namespace=~\"$"#), counted(r#"cluster=~\"$cluster\",namespace=~\"$"#));
}

#[test]
fn every_metric_passes_the_linter() {
    let mut tool = Command::new("promtool");
    tool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut tool = tool.spawn().expect("promtool; `make test-deps` installs it");
    let text = Metrics::new().unwrap().text().unwrap();
    tool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let done = tool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(done.status.success() && said.trim().is_empty(), "{said}");
}

#[test]
fn every_metric_that_a_rule_or_a_panel_names_is_one_of_ours() {
    let metrics = Metrics::new().unwrap();
    metrics.begin_channel("email");
    metrics.begin_prefix("+49");
    metrics.begin_risk("shadow");
    metrics.begin_sink("syslog");
    let text = metrics.text().unwrap();
    let ours: BTreeSet<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let mut files: Vec<String> = RULES.iter().map(|file| read(&format!("prometheus/{file}"))).collect();
    let dashboards = fs::read_dir(deployed("grafana/dashboards")).unwrap();
    files.extend(dashboards.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()));
    files.extend(alerts().iter().map(|alert| read(&format!("runbooks/{alert}.md"))));
    let mut named = 0;
    for word in files.iter().flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && !"_:".contains(c))) {
        // Recorded rules have colons, and a test of their own; variables are in capitals.
        let Some(metric) = word.strip_prefix("otp_").filter(|_| !word.contains(':')) else { continue };
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
        assert!(ours.contains(word) || ours.contains(family), "{word} ({metric})");
        named += 1;
    }
    assert!(named > 100, "{named}");
}
