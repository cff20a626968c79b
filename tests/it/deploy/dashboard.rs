//! What Grafana's schema says of a dashboard (version 39 of it), as far as ours use it: every field is known, of the right
//! kind, and no other is there.

use std::{fs, path::PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::daemon::deployed;

/// The version of the schema that these types are.
pub const SCHEMA: u32 = 39;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dashboard {
    pub uid: String,
    pub title: String,
    pub description: String,
    pub tags: Vec<String>,
    pub schema_version: u32,
    pub panels: Vec<Panel>,
    pub templating: List<Variable>,
    pub annotations: List<Value>,
    pub links: Vec<Value>,
    pub refresh: String,
    pub time: Span,
    #[serde(rename = "editable")]
    _editable: bool,
    #[serde(rename = "fiscalYearStartMonth")]
    _fiscal_year: u8,
    #[serde(rename = "graphTooltip")]
    _graph_tooltip: u8,
    #[serde(rename = "timepicker")]
    _timepicker: Value,
    #[serde(rename = "timezone")]
    _timezone: String,
    #[serde(rename = "version")]
    _version: u32,
    #[serde(rename = "weekStart")]
    _week_start: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List<T> {
    pub list: Vec<T>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    pub from: String,
    pub to: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Variable {
    #[serde(rename = "type")]
    pub kind: String,
    pub name: String,
    pub label: String,
    pub query: Value,
    pub definition: Option<String>,
    pub all_value: Option<String>,
    pub include_all: bool,
    pub multi: bool,
    pub refresh: u8,
    pub datasource: Option<Source>,
    #[serde(rename = "sort")]
    _sort: Option<u8>,
    #[serde(rename = "regex")]
    _regex: String,
    #[serde(rename = "hide")]
    _hide: u8,
    #[serde(rename = "skipUrlSync")]
    _skip_url_sync: bool,
    #[serde(rename = "options")]
    _options: Vec<Value>,
    #[serde(rename = "current")]
    _current: Value,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Source {
    #[serde(rename = "type")]
    pub kind: String,
    pub uid: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Panel {
    pub id: u32,
    #[serde(rename = "type")]
    pub kind: Kind,
    pub title: String,
    pub description: String,
    pub grid_pos: Place,
    pub datasource: Source,
    pub targets: Vec<Target>,
    pub field_config: Fields,
    pub options: Value,
}

#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Stat,
    Timeseries,
}

/// In columns, of which there are 24, and rows.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub x: u32,
    pub y: u32,
    pub w: u32,
    pub h: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    pub ref_id: String,
    pub expr: String,
    pub legend_format: String,
    pub instant: bool,
    pub range: bool,
    pub datasource: Source,
    #[serde(rename = "editorMode")]
    _editor: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    pub defaults: Defaults,
    #[serde(rename = "overrides")]
    _overrides: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    pub unit: String,
    #[serde(rename = "min")]
    _min: Option<f64>,
    pub max: Option<f64>,
    pub decimals: Option<u8>,
    #[serde(rename = "color")]
    _color: Value,
    pub thresholds: Thresholds,
    pub custom: Option<Value>,
    #[serde(rename = "mappings")]
    _mappings: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    pub mode: String,
    pub steps: Vec<Step>,
}

/// From `value` on it is this colour.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub color: String,
    pub value: Option<f64>,
}

impl Dashboard {
    /// All that are deployed, in the order of their names.
    #[track_caller]
    pub fn all() -> Vec<Self> {
        let files = fs::read_dir(deployed("grafana/dashboards")).expect("dashboards");
        let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        paths.sort();
        let read = |path: PathBuf| {
            let text = fs::read_to_string(&path).expect("a dashboard");
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        paths.into_iter().map(read).collect()
    }
}

impl Target {
    /// The query as Grafana would send it with every variable at `All`, and rates over `window`.
    #[track_caller]
    pub fn query(&self, window: &str) -> String {
        let mut query = self.expr.replace("$__rate_interval", window);
        for variable in ["cluster", "namespace", "job", "instance"] {
            query = query.replace(&format!("\"${variable}\""), "\".*\"");
        }
        assert!(!query.contains('$'), "a variable is left: {query}");
        query
    }
}
