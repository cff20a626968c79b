//! The pictures of a run.

use super::{
    Results,
    chart::{Axis, Chart, Line, Scale, svg},
};
use crate::{
    plan,
    sample::{P50, P99, RATE, REDIS, SERVER},
};

const OFFERED: Axis = Axis { title: "calls offered, per second", scale: Scale::Linear };
const USERS: Axis = Axis { title: "users with a live code", scale: Scale::Log };

/// Throughput and times against offered load. `None` where that was not measured.
pub fn load(results: &Results) -> Option<String> {
    let shown = [("send/hmac", "send"), ("check-wrong/hmac", "wrong check"), ("reference", "reference, send")];
    let line = |colour: usize, (of, name): (&str, &str), figure: &str, suffix: &str, dashed| {
        let point = |rate: &u32| Some((f64::from(*rate), results.median(&format!("open/{of}/{rate}"), figure)?));
        let points: Vec<_> = plan::WHOLE.rates.iter().filter_map(point).collect();
        Line { name: format!("{name}{suffix}"), points, dashed, colour }
    };
    let lines = |figure: &'static str, suffix: &'static str, dashed| {
        shown.into_iter().enumerate().map(move |(n, shown)| line(n, shown, figure, suffix, dashed))
    };
    let answered: Vec<_> = lines(RATE, "", false).collect();
    let times = [lines(P50, ", p50", false).collect::<Vec<_>>(), lines(P99, ", p99", true).collect()];
    let charts = [
        Chart {
            title: "Answered against offered",
            x: OFFERED,
            y: Axis { title: "answered, per second", scale: Scale::Linear },
            lines: answered,
        },
        Chart {
            title: "Time to answer, from when it was due",
            x: OFFERED,
            y: Axis { title: "ms", scale: Scale::Log },
            // Both times of one server beside each other.
            lines: times[0].iter().zip(&times[1]).flat_map(|(p50, p99)| [p50.clone(), p99.clone()]).collect(),
        },
    ];
    drawn(&charts)
}

/// Cost against users who have a live code. `None` where that was not measured.
pub fn live(results: &Results) -> Option<String> {
    let line = |colour, call: &str, figure: &str, name: &str, dashed| {
        let point = |users: &usize| Some((*users as f64, results.median(&format!("live/{call}/{users}"), figure)?));
        let points: Vec<_> = plan::WHOLE.users.iter().filter_map(point).collect();
        Line { name: name.into(), points, dashed, colour }
    };
    let charts = [
        Chart {
            title: "Calls a second",
            x: USERS,
            y: Axis { title: "answered, per second", scale: Scale::Linear },
            lines: vec![line(0, "send", RATE, "send", false), line(1, "check-wrong", RATE, "wrong check", false)],
        },
        Chart {
            title: "Processor time of one call",
            x: USERS,
            y: Axis { title: "µs", scale: Scale::Linear },
            lines: vec![
                line(0, "send", SERVER, "send, sidecar", false),
                line(0, "send", REDIS, "send, Redis", true),
                line(1, "check-wrong", SERVER, "wrong check, sidecar", false),
                line(1, "check-wrong", REDIS, "wrong check, Redis", true),
            ],
        },
    ];
    drawn(&charts)
}

fn drawn(charts: &[Chart]) -> Option<String> {
    let measured = charts.iter().flat_map(|chart| &chart.lines).any(|line| !line.points.is_empty());
    measured.then(|| svg(charts))
}
