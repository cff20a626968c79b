//! The dashboards: sound by Grafana's schema, provisioned where they lie, and each panel with something to show.

use std::collections::BTreeSet;

use super::{
    daemon::read,
    dashboard::{Dashboard, Kind, SCHEMA},
    prometheus::Prometheus,
};

/// Longer than any test has scraped, on a busy machine too.
const WINDOW: &str = "30m";

/// Each query of each panel, with its variables replaced, gives at least one number.
pub async fn every_panel_shows_something(prometheus: &Prometheus) {
    let mut mute = Vec::new();
    for dashboard in Dashboard::all() {
        for panel in &dashboard.panels {
            for target in &panel.targets {
                let query = target.query(WINDOW);
                let found = prometheus.ask(&query).await;
                if !found.iter().flat_map(|series| &series.points).any(|(_, value)| value.is_finite()) {
                    mute.push(format!("{}, {}: {query}", dashboard.title, panel.title));
                }
            }
        }
        for variable in dashboard.templating.list.iter().filter_map(|variable| variable.definition.as_deref()) {
            // `label_values(series, label)`: some series has the label.
            let inner =
                variable.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')')).expect("label_values");
            let (series, label) = inner.rsplit_once(", ").expect("a series and a label");
            let series =
                ["$cluster", "$namespace", "$job"].iter().fold(series.to_owned(), |text, one| text.replace(one, ".*"));
            let found = prometheus.ask(&series).await;
            assert!(found.iter().any(|series| series.labels.contains_key(label)), "{variable}");
        }
    }
    assert!(mute.is_empty(), "nothing to show:\n{}", mute.join("\n"));
}

#[test]
fn each_answers_one_question_of_an_operator() {
    let dashboards = Dashboard::all();
    let titles: Vec<_> = dashboards.iter().map(|dashboard| &*dashboard.title).collect();
    assert_eq!(titles, ["OTP: are we under attack?", "OTP: is the sidecar well?", "OTP: are users getting in?"]);
    let uids: BTreeSet<_> = dashboards.iter().map(|dashboard| &dashboard.uid).collect();
    assert_eq!(uids.len(), 3);
    for dashboard in &dashboards {
        assert_eq!(dashboard.schema_version, SCHEMA);
        assert!(!dashboard.description.is_empty() && dashboard.tags == ["otp-sidecar"], "{}", dashboard.title);
        assert_eq!((&*dashboard.time.from, &*dashboard.time.to, &*dashboard.refresh), ("now-6h", "now", "30s"));
        // The alerts stand on the time axis, and the other two and the console are a click away.
        assert_eq!((dashboard.annotations.list.len(), dashboard.links.len()), (2, 2));
        assert_eq!(dashboard.links[1]["url"], "http://127.0.0.1:8081/console", "where the alerts' runbooks are");
    }
}

#[test]
fn the_variables_choose_a_prometheus_and_then_whose_sidecars() {
    for dashboard in Dashboard::all() {
        let variables = dashboard.templating.list;
        let names: Vec<_> = variables.iter().map(|variable| (&*variable.name, &*variable.kind)).collect();
        let kinds = ["cluster", "namespace", "job", "instance"].map(|name| (name, "query"));
        assert_eq!(names, [&[("datasource", "datasource")], &kinds[..]].concat());
        assert_eq!(variables[0].query, "prometheus");
        for variable in &variables[1..] {
            // Whoever has no namespaces sees all the same: the pattern for all finds the empty one too.
            assert_eq!((variable.all_value.as_deref(), variable.include_all, variable.multi), (Some(".*"), true, true));
            assert_eq!(Some(&variable.query["query"]), variable.definition.clone().map(Into::into).as_ref());
            assert_eq!(variable.datasource.as_ref().map(|source| &*source.uid), Some("${datasource}"));
            assert!(variable.refresh == 2 && !variable.label.is_empty());
        }
    }
}

#[test]
fn the_panels_say_what_they_show_and_lie_beside_each_other() {
    for Dashboard { title, panels, .. } in Dashboard::all() {
        let mut taken = BTreeSet::new();
        for panel in &panels {
            let name = format!("{title}, {}", panel.title);
            assert!(!panel.title.is_empty() && panel.description.ends_with('.'), "{name}");
            let at = panel.grid_pos;
            assert!(at.x + at.w <= 24, "{name}");
            for cell in (at.x..at.x + at.w).flat_map(|x| (at.y..at.y + at.h).map(move |y| (x, y))) {
                assert!(taken.insert(cell), "{name} lies on another");
            }
            let refs: BTreeSet<_> = panel.targets.iter().map(|target| &target.ref_id).collect();
            assert!(refs.len() == panel.targets.len() && !refs.is_empty(), "{name}");
            for target in &panel.targets {
                assert_eq!(
                    (target.instant, target.range),
                    (panel.kind == Kind::Stat, panel.kind == Kind::Timeseries),
                    "{name}"
                );
                assert!(target.datasource == panel.datasource && panel.datasource.uid == "${datasource}", "{name}");
                assert_eq!(panel.datasource.kind, "prometheus", "{name}");
            }
            let fields = &panel.field_config.defaults;
            assert!(["short", "s", "reqps", "percentunit", "bytes"].contains(&&*fields.unit), "{name}");
            assert!(fields.thresholds.mode == "absolute" && fields.thresholds.steps[0].value.is_none(), "{name}");
            assert_eq!(fields.custom.is_some(), panel.kind == Kind::Timeseries, "{name}");
            let expected = if panel.kind == Kind::Stat { "reduceOptions" } else { "legend" };
            assert!(panel.options.get(expected).is_some(), "{name}");
        }
        let ids: BTreeSet<_> = panels.iter().map(|panel| panel.id).collect();
        assert_eq!(ids.len(), panels.len(), "{title}");
    }
}

#[test]
fn they_are_provisioned_with_the_prometheus_that_has_the_rules() {
    let source = read("grafana/provisioning/datasources/prometheus.yaml");
    assert!(source.contains("type: prometheus\n") && source.contains("url: http://prometheus:9090\n"));
    // Rates need to know how far scrapes lie apart.
    let every =
        |text: &str, name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name).map(str::to_owned));
    let scraped = every(&read("prometheus/prometheus.yml"), "scrape_interval: ");
    assert_eq!(every(&source, "timeInterval: "), scraped);
    let provider = read("grafana/provisioning/dashboards/otp-sidecar.yaml");
    assert!(provider.contains("path: /var/lib/grafana/dashboards\n"));
}
