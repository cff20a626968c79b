//! A dashboard as a picture (SVG): its panels where Grafana puts them, drawn from what a Prometheus answered.

use std::fmt::Write;

use super::{
    dashboard::{Dashboard, Kind, Panel},
    prometheus::Series,
};

/// A column and a row of Grafana's grid, in pixels.
const CELL: (f64, f64) = (46.0, 28.0);
/// Around a panel, and between its frame and what is in it.
const GAP: f64 = 4.0;
/// Between a panel's edges and its axes: left, top, right. Below are the times, and the legend's lines.
const MARGIN: (f64, f64, f64) = (52.0, 26.0, 10.0);
/// Of a line of the legend.
const LINE: f64 = 13.0;
/// Most lines of a legend; those with the highest figures.
const LEGEND: usize = 4;
/// Above the panels: the question.
const HEAD: f64 = 34.0;
/// Told apart by people who see few colours too (Okabe and Ito, 2008).
const COLOURS: [&str; 8] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f", "#b8a900"];

/// What one query of a panel gave: a name for each series, and its points.
pub type Answer = Vec<(String, Vec<(f64, f64)>)>;

/// The name of a series, as a legend's format says.
pub fn name(format: &str, series: &Series) -> String {
    let mut name = format.to_owned();
    for (label, value) in &series.labels {
        name = name.replace(&format!("{{{{{label}}}}}"), value);
    }
    // A label that the series does not have shows as nothing.
    while let (Some(from), Some(to)) = (name.find("{{"), name.find("}}")) {
        name.replace_range(from..to + 2, "");
    }
    name.trim().to_owned()
}

/// The whole picture. `answers` has one entry for each panel, `from` and `to` are its time in seconds.
pub fn draw(dashboard: &Dashboard, answers: &[Answer], (from, to): (f64, f64)) -> String {
    let bottom = dashboard.panels.iter().map(|panel| panel.grid_pos.y + panel.grid_pos.h).max().unwrap_or(0);
    let (width, height) = (24.0 * CELL.0, HEAD + f64::from(bottom) * CELL.1 + GAP);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"10\" fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"#f4f5f5\"/>\n"
    );
    text(&mut out, (GAP * 2.0, 22.0), "font-size=\"16\" font-weight=\"bold\"", &dashboard.title);
    for (panel, answer) in dashboard.panels.iter().zip(answers) {
        let at = panel.grid_pos;
        let (x, y) = (f64::from(at.x) * CELL.0 + GAP / 2.0, HEAD + f64::from(at.y) * CELL.1);
        let frame = Frame { width: f64::from(at.w) * CELL.0 - GAP, height: f64::from(at.h) * CELL.1 - GAP, from, to };
        let _ = writeln!(out, "<g transform=\"translate({x} {y})\">");
        let _ = writeln!(
            out,
            "<rect width=\"{}\" height=\"{}\" rx=\"2\" fill=\"#fff\" stroke=\"#ddd\"/>",
            frame.width, frame.height
        );
        text(&mut out, (8.0, 16.0), "font-weight=\"bold\"", &panel.title);
        match panel.kind {
            Kind::Stat => frame.stat(&mut out, panel, answer),
            Kind::Timeseries => frame.series(&mut out, panel, answer),
        }
        out.push_str("</g>\n");
    }
    out + "</svg>\n"
}

/// A panel's size, and the time it shows.
struct Frame {
    width: f64,
    height: f64,
    from: f64,
    to: f64,
}

impl Frame {
    fn stat(&self, out: &mut String, panel: &Panel, answer: &Answer) {
        let value = answer.first().and_then(|(_, points)| points.last()).map(|(_, value)| *value);
        let fields = &panel.field_config.defaults;
        let mut steps = fields.thresholds.steps.iter();
        let colour = steps.rfind(|step| step.value.is_none_or(|from| value.is_some_and(|value| value >= from)));
        let colour = match colour.map(|step| &*step.color) {
            Some("red") => "#c4162a",
            Some("orange") => "#d9730d",
            Some("green") => "#2a7f3f",
            _ => "#222",
        };
        let rounded = value.map(|value| match (fields.decimals, &*fields.unit) {
            (Some(0), "short") => value.round(),
            _ => value,
        });
        let shown = rounded.map_or("–".to_owned(), |value| figure(value, &fields.unit));
        let style = format!("text-anchor=\"middle\" font-size=\"26\" fill=\"{colour}\"");
        text(out, (self.width / 2.0, self.height / 2.0 + 18.0), &style, &shown);
    }

    fn series(&self, out: &mut String, panel: &Panel, answer: &Answer) {
        let fields = &panel.field_config.defaults;
        let custom = fields.custom.as_ref();
        let stacked = custom.is_some_and(|custom| custom["stacking"]["mode"] == "normal");
        let mut lines: Vec<_> = answer.iter().map(|(name, points)| (name, most(points), points.clone())).collect();
        lines.sort_by(|one, other| other.1.total_cmp(&one.1));
        if stacked {
            // Whatever never was is not in the stack.
            lines.retain(|(_, most, _)| *most > 0.0);
        }
        let tops = if stacked { pile(&lines) } else { lines.iter().map(|(.., points)| sound(points)).collect() };
        let highest = fields.max.unwrap_or_else(|| tops.iter().map(|points| most(points)).fold(0.0, f64::max));
        let step = round(highest.max(1e-9) / 3.0);
        let highest = (highest / step).ceil().max(1.0) * step;
        let rows = lines.len().min(LEGEND) as f64;
        let (left, top, right) = (MARGIN.0, MARGIN.1, self.width - MARGIN.2);
        let bottom = self.height - 20.0 - rows * LINE;
        let x = |at: f64| left + (at - self.from) / (self.to - self.from) * (right - left);
        let y = |value: f64| bottom - (value / highest).clamp(0.0, 1.0) * (bottom - top);
        for tick in (0..=3).map(|n| f64::from(n) * step).take_while(|tick| *tick <= highest * 1.0001) {
            let _ = writeln!(out, "<path d=\"M{left} {0:.1}H{right}\" stroke=\"#e8e8e8\"/>", y(tick));
            text(out, (left - 4.0, y(tick) + 3.0), "text-anchor=\"end\"", &figure(tick, &fields.unit));
        }
        let step = round((self.to - self.from) / 5.0);
        for tick in (0..).map(|n| f64::from(n) * step).take_while(|tick| *tick <= self.to - self.from) {
            text(out, (x(self.from + tick), bottom + 12.0), "text-anchor=\"middle\"", &format!("{tick} s"));
        }
        for (n, points) in tops.iter().enumerate().rev() {
            let path: Vec<_> = points.iter().map(|(at, value)| format!("{:.0},{:.1}", x(*at), y(*value))).collect();
            let colour = COLOURS[n % COLOURS.len()];
            let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
            if stacked {
                let _ = writeln!(
                    out,
                    "<polygon points=\"{:.0},{bottom} {} {:.0},{bottom}\" fill=\"{colour}\" fill-opacity=\"0.9\"/>",
                    x(first.0),
                    path.join(" "),
                    x(last.0)
                );
            } else {
                let _ = writeln!(
                    out,
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
                    path.join(" ")
                );
            }
        }
        for (n, (name, most, _)) in lines.iter().take(LEGEND).enumerate() {
            let at = bottom + 16.0 + LINE * (n as f64 + 0.7);
            let _ = writeln!(
                out,
                "<rect x=\"8\" y=\"{:.1}\" width=\"10\" height=\"4\" fill=\"{}\"/>",
                at - 5.0,
                COLOURS[n]
            );
            text(out, (24.0, at), "", name);
            text(out, (right, at), "text-anchor=\"end\"", &format!("max {}", figure(*most, &fields.unit)));
        }
        let more = lines.len().saturating_sub(LEGEND);
        if more > 0 {
            text(out, (right, 16.0), "text-anchor=\"end\" fill=\"#888\"", &format!("and {more} more"));
        }
    }
}

/// Those that have a value.
fn sound(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    points.iter().filter(|point| point.1.is_finite()).copied().collect()
}

/// A line's places, each a time and a value.
type Places = Vec<(f64, f64)>;

/// Each line on top of those before it; where one has no value it adds nothing.
fn pile<N>(lines: &[(N, f64, Places)]) -> Vec<Places> {
    let mut times: Vec<f64> = lines.iter().flat_map(|(.., points)| points.iter().map(|point| point.0)).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let mut below: Vec<(f64, f64)> = times.into_iter().map(|at| (at, 0.0)).collect();
    let mut tops = Vec::new();
    for (.., points) in lines {
        for (at, top) in &mut below {
            let own = points.iter().find(|(time, value)| time == at && value.is_finite());
            *top += own.map_or(0.0, |point| point.1);
        }
        tops.push(below.clone());
    }
    tops
}

fn most(points: &[(f64, f64)]) -> f64 {
    points.iter().map(|point| point.1).filter(|value| value.is_finite()).fold(0.0, f64::max)
}

/// The next of 1, 2 and 5 times a power of ten.
fn round(least: f64) -> f64 {
    let decade = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0].map(|step| step * decade).into_iter().find(|step| *step >= least * 0.9999).unwrap_or(10.0 * decade)
}

/// A figure as a panel with this unit shows it.
fn figure(value: f64, unit: &str) -> String {
    let short = |value: f64| match value {
        value if value >= 100.0 || value.fract().abs() < 0.005 => format!("{value:.0}"),
        value if value >= 1.0 => format!("{value:.1}"),
        value => format!("{}", (value * 1000.0).round() / 1000.0),
    };
    match unit {
        "percentunit" => format!("{:.0} %", value * 100.0),
        "bytes" => format!("{} MB", short(value / 1e6)),
        "s" if value < 1.0 => format!("{} ms", short(value * 1000.0)),
        "s" => format!("{} s", short(value)),
        "reqps" => format!("{}/s", short(value)),
        _ => short(value),
    }
}

/// Text as it stands in the picture.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn text(out: &mut String, (x, y): (f64, f64), more: &str, text: &str) {
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" {more}>{}</text>", escaped(text));
}

#[test]
fn figures_and_names_are_short_and_say_their_unit() {
    assert_eq!([0.25, 1.0].map(|value| figure(value, "percentunit")), ["25 %", "100 %"]);
    assert_eq!([0.0042, 12.5].map(|value| figure(value, "s")), ["4.2 ms", "12.5 s"]);
    assert_eq!([0.0, 0.125, 3.0, 1234.5].map(|value| figure(value, "short")), ["0", "0.125", "3", "1234"]);
    assert_eq!([0.9, 3.0, 40.0, 70.0].map(round), [1.0, 5.0, 50.0, 100.0]);
    let lines = [((), 2.0, vec![(1.0, 2.0), (2.0, 2.0)]), ((), 1.0, vec![(2.0, 1.0), (3.0, f64::NAN)])];
    assert_eq!(pile(&lines)[1], [(1.0, 2.0), (2.0, 3.0), (3.0, 0.0)]);
    let series = Series { labels: [("rule".to_owned(), "quota_ip".to_owned())].into(), points: Vec::new() };
    assert_eq!(name("{{rule}}, {{none}}half", &series), "quota_ip, half");
}
