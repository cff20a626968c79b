//! A Prometheus with the rules as they are deployed, only faster: it looks every 2 s and not every 15, and what is to last
//! before it is an alert (`for`) has to last a thirtieth of that, and 8 s at least: four looks. The windows that rules look at stay as they are: `increase`
//! over an hour of which there are ten seconds is what came in those ten.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    path::Path,
    time::Duration,
};

use serde_json::Value;

use super::daemon::{Daemon, place, read, swap};
use crate::support::{Address, Client, wait};

/// The files of rules, as `prometheus.yml` names them.
pub const RULES: [&str; 5] =
    ["rules/recorded.yml", "rules/attacks.yml", "rules/service.yml", "rules/health.yml", "rules/objectives.yml"];
const SOON: Duration = Duration::from_secs(120);
/// By how much alerts are hastened.
const HASTE: u64 = 30;
/// What lasts less may be a machine that is busy.
const LEAST: u64 = 8;

/// What is scraped.
#[derive(Debug, Clone)]
pub struct Target {
    /// Whose sidecar it is; rules keep namespaces apart.
    pub namespace: &'static str,
    /// `host:port`.
    pub address: String,
    /// Where its metrics are.
    pub path: &'static str,
}

/// A series and its value, or its values at several times.
#[derive(Debug, Clone)]
pub struct Series {
    /// All labels, the name (`__name__`) among them.
    pub labels: BTreeMap<String, String>,
    /// Times in seconds since 1970, and values; NaN where there is none.
    pub points: Vec<(f64, f64)>,
}

/// See the module.
#[derive(Debug)]
pub struct Prometheus {
    /// Ended with it.
    _daemon: Daemon,
    client: Client,
}

/// Writes the configuration into `dir`: the deployed one with these targets and this Alertmanager.
pub fn configure(dir: &Path, targets: &[Target], alertmanager: &str) {
    configure_at(Pace::Hasty, dir, targets, alertmanager);
}

/// How fast it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// See the module.
    Hasty,
    /// It looks each second, and every minute of the rules, in windows too, is one.
    Minutes,
}

impl Pace {
    fn interval(self) -> &'static str {
        if self == Self::Hasty { "interval: 2s" } else { "interval: 1s" }
    }

    fn rules(self, rules: &str) -> String {
        if self == Self::Hasty { hasty(rules) } else { minutes_as_seconds(rules) }
    }
}

fn configure_at(pace: Pace, dir: &Path, targets: &[Target], alertmanager: &str) {
    let target = |target: &Target| {
        format!(
            "      - targets: [\"{}\"]\n        labels: {{cluster: laptop, namespace: {}, __metrics_path__: {}}}\n",
            target.address, target.namespace, target.path
        )
    };
    let config = swap(&read("prometheus/prometheus.yml"), "interval: 15s", pace.interval());
    let config = swap(&config, "alertmanager:9093", alertmanager);
    let config = swap(&config, "localhost:9090", alertmanager);
    let own: String = targets.iter().map(target).collect();
    let config = swap(&config, "      - targets: [\"otp-sidecar:8081\"]\n", &own);
    fs::write(dir.join("prometheus.yml"), config).expect("a configuration");
    fs::create_dir(dir.join("rules")).expect("a directory");
    for file in RULES {
        fs::write(dir.join(file), pace.rules(&read(&format!("prometheus/{file}")))).expect("rules");
    }
}

/// Rules that wait for seconds where they would wait for minutes.
fn hasty(rules: &str) -> String {
    let line = |line: &str| match line.split_once("for: ") {
        Some((indent, minutes)) if indent.trim().is_empty() => {
            let minutes: u64 = minutes.trim_end_matches('m').parse().expect("minutes");
            format!("{indent}for: {}s\n", (minutes * 60 / HASTE).max(LEAST))
        }
        _ => format!("{line}\n"),
    };
    rules.lines().map(line).collect()
}

/// Rules in which every length of time is a sixtieth of what it was.
fn minutes_as_seconds(rules: &str) -> String {
    let seconds = |length: &str| {
        let unit = match length.chars().last() {
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            _ => return None,
        };
        let number: u64 = length[..length.len() - 1].parse().ok()?;
        Some(format!("{}s", number * unit / 60))
    };
    let line = |line: &str| {
        let mut text = String::new();
        let mut rest = line;
        while let Some(at) =
            ["[", "offset ", "for: "].iter().filter_map(|word| Some(rest.find(word)? + word.len())).min()
        {
            let (before, after) = rest.split_at(at);
            let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
            text.push_str(before);
            text.push_str(&seconds(&after[..end]).unwrap_or_else(|| after[..end].to_owned()));
            rest = &after[end..];
        }
        text + rest + "\n"
    };
    rules.lines().map(line).collect()
}

impl Prometheus {
    /// Starts one that scrapes `targets` and tells `alertmanager`.
    #[track_caller]
    pub fn start(targets: &[Target], alertmanager: SocketAddr) -> Self {
        Self::start_at(Pace::Hasty, targets, alertmanager)
    }

    /// The same at another pace.
    #[track_caller]
    pub fn start_at(pace: Pace, targets: &[Target], alertmanager: SocketAddr) -> Self {
        let dir = place("prometheus");
        configure_at(pace, dir.path(), targets, &alertmanager.to_string());
        let arguments =
            ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:0"];
        let mut daemon = Daemon::start("prometheus", dir, &arguments);
        let address = daemon.listening();
        daemon.said("that it is ready", |log| log.contains("Server is ready to receive web requests").then_some(()));
        Self { _daemon: daemon, client: Client::new(Address::Tcp(address)) }
    }

    async fn api(&self, call: &str, parameters: &[(&str, &str)]) -> Value {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let answer = self.client.get(&format!("/api/v1/{call}?{query}")).await;
        assert_eq!(answer.body["status"], "success", "{call} {parameters:?}: {}", answer.text);
        answer.body["data"].clone()
    }

    /// What `query` says now.
    pub async fn ask(&self, query: &str) -> Vec<Series> {
        let data = self.api("query", &[("query", query)]).await;
        if data["resultType"] == "scalar" {
            return vec![Series { labels: BTreeMap::new(), points: vec![point(&data["result"])] }];
        }
        series(&data, |found| vec![point(&found["value"])])
    }

    /// What `query` said from `start` to `end`, each `step` seconds.
    pub async fn range(&self, query: &str, (start, end, step): (f64, f64, f64)) -> Vec<Series> {
        let [start, end, step] = [start, end, step].map(|time| time.to_string());
        let parameters = [("query", query), ("start", &*start), ("end", &*end), ("step", &*step)];
        let data = self.api("query_range", &parameters).await;
        series(&data, |found| found["values"].as_array().into_iter().flatten().map(point).collect())
    }

    /// Waits until each of these namespaces was scraped, so that whatever comes is an increase.
    pub async fn knows(&self, namespaces: impl IntoIterator<Item = &'static str>) {
        let wanted: BTreeSet<_> = namespaces.into_iter().map(str::to_owned).collect();
        let all = || async {
            let known = self.ask("count by (namespace) (otp_store_up)").await;
            let known: BTreeSet<_> = known.into_iter().filter_map(|mut one| one.labels.remove("namespace")).collect();
            wanted.is_subset(&known).then_some(())
        };
        wait::until_async("all to be scraped", SOON, all).await;
    }

    /// Namespace and name of every alert that is `pending` or `firing` now.
    pub async fn alerts(&self, state: &str) -> BTreeSet<(String, String)> {
        let data = self.api("alerts", &[]).await;
        let alerts = data["alerts"].as_array().into_iter().flatten().filter(|alert| alert["state"] == state);
        alerts.map(|alert| named(&alert["labels"])).collect()
    }

    /// Namespace and name of every alert that ever fired.
    pub async fn fired(&self) -> BTreeSet<(String, String)> {
        let found = self.ask("max_over_time(ALERTS{alertstate=\"firing\"}[1h])").await;
        let text = |series: &Series, name: &str| series.labels.get(name).cloned().unwrap_or_default();
        found.iter().map(|series| (text(series, "namespace"), text(series, "alertname"))).collect()
    }

    /// Waits until every group of rules has been worked out so many times more.
    pub async fn works_out(&self, times: usize) {
        let last = || async {
            let data = self.api("rules", &[]).await;
            let groups = data["groups"].as_array().into_iter().flatten();
            groups.map(|group| group["lastEvaluation"].clone()).collect::<Vec<_>>()
        };
        let mut before = last().await;
        for _ in 0..times {
            let next = || async {
                let now = last().await;
                now.iter().zip(&before).all(|(now, before)| now != before).then_some(now)
            };
            before = wait::until_async("rules to be worked out", SOON, next).await;
        }
    }

    /// Why each target that is down is down.
    pub async fn complaints(&self) -> Vec<(String, String)> {
        let data = self.api("targets", &[("state", "active")]).await;
        let down = data["activeTargets"].as_array().into_iter().flatten().filter(|target| target["health"] == "down");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        down.map(|target| (text(&target["labels"]["namespace"]), text(&target["lastError"]))).collect()
    }
}

/// Namespace and name of an alert, from its labels.
pub fn named(labels: &Value) -> (String, String) {
    let text = |name: &str| labels[name].as_str().unwrap_or_default().to_owned();
    (text("namespace"), text("alertname"))
}

fn point(pair: &Value) -> (f64, f64) {
    let value = pair[1].as_str().and_then(|text| text.parse().ok());
    (pair[0].as_f64().unwrap_or(f64::NAN), value.unwrap_or(f64::NAN))
}

fn series(data: &Value, points: impl Fn(&Value) -> Vec<(f64, f64)>) -> Vec<Series> {
    let labels = |metric: &Value| {
        let pairs = metric.as_object().into_iter().flatten();
        pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
    };
    let found = data["result"].as_array().into_iter().flatten();
    found.map(|found| Series { labels: labels(&found["metric"]), points: points(found) }).collect()
}

#[test]
fn minutes_are_seconds_wherever_a_rule_looks_back_waits_or_lasts() {
    let rules = "expr: x[5m] > 3 * avg_over_time(y{a=~\"b\"}[1d] offset 1h)\nfor: 10m\n";
    assert_eq!(minutes_as_seconds(rules), "expr: x[5s] > 3 * avg_over_time(y{a=~\"b\"}[1440s] offset 60s)\nfor: 10s\n");
}

#[test]
fn only_how_long_an_alert_must_last_is_changed() {
    let rules = "      - alert: A\n        expr: increase(x[5m]) > 1\n        for: 10m\n        # for: ever\n";
    assert_eq!(hasty(rules), rules.replace("for: 10m", "for: 20s"));
}
