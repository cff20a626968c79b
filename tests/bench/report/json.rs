//! Results as a program reads them.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Results, machine::Machine};
use crate::{
    sample::{Entry, Sample},
    wishes::Wishes,
};

/// What is read back of an earlier run.
#[derive(Deserialize)]
struct Earlier {
    measurements: Vec<Measured>,
}

#[derive(Deserialize)]
struct Measured {
    name: String,
    limit: Option<String>,
    samples: Vec<BTreeMap<String, f64>>,
}

/// The measurements that [`json`] wrote into this file; none where there is no such file.
pub fn earlier(file: &Path) -> Vec<Entry> {
    let Ok(text) = fs::read_to_string(file) else { return Vec::new() };
    let earlier: Earlier = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    // Names of figures are few, and last as long as the run.
    let sample = |figures: BTreeMap<String, f64>| {
        Sample(figures.into_iter().map(|(name, figure)| (&*Box::leak(name.into_boxed_str()), figure)).collect())
    };
    let entry =
        |Measured { name, limit, samples }| Entry { name, limit, samples: samples.into_iter().map(sample).collect() };
    earlier.measurements.into_iter().map(entry).collect()
}

/// Everything: each sample, and the middle and spread of each figure.
pub fn json(results: &Results, machine: &Machine, wishes: &Wishes) -> Value {
    let absent: Map<_, _> = results.absent.iter().map(|(name, why)| (name.clone(), json!(why))).collect();
    json!({
        "machine": {
            "processor": machine.processor,
            "cores": machine.cores,
            "kernel": machine.kernel,
            "redis": machine.redis,
        },
        "seconds": wishes.budget.lasts.as_secs_f64(),
        "rounds": wishes.repeats,
        "measurements": results.entries.iter().map(|entry| one(results, entry)).collect::<Vec<_>>(),
        "not_measured": absent,
    })
}

fn one(results: &Results, entry: &Entry) -> Value {
    let mut names: Vec<_> = entry.samples.iter().flat_map(|sample| sample.0.keys().copied()).collect();
    names.sort_unstable();
    names.dedup();
    let figure = |name: &&'static str| {
        let spread = entry.spread(name)?;
        let ratio = results.ratio(&entry.name, name);
        let figure = json!({"median": spread.median, "min": spread.min, "max": spread.max, "of_limit": ratio});
        Some(((*name).to_owned(), figure))
    };
    let figures: Map<_, _> = names.iter().filter_map(figure).collect();
    let samples: Vec<_> = entry.samples.iter().map(|sample| &sample.0).collect();
    json!({"name": entry.name, "limit": entry.limit, "figures": figures, "samples": samples})
}
