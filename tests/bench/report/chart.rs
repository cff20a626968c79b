//! Line charts as SVG, side by side.

use std::fmt::Write;

/// How an axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// From 0.
    Linear,
    Log,
}

/// One of its two axes.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    pub title: &'static str,
    pub scale: Scale,
}

/// Points that belong together.
#[derive(Debug, Clone)]
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
    pub dashed: bool,
    /// Which of [`COLOURS`].
    pub colour: usize,
}

/// One chart.
#[derive(Debug, Clone)]
pub struct Chart {
    pub title: &'static str,
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
}

/// Told apart by people who see few colours too (Okabe and Ito, 2008).
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9"];
/// Of one chart with all that is around it, in pixels.
const SIZE: (f64, f64) = (460.0, 340.0);
/// Between the edges and the axes: left, top, right, bottom.
const MARGIN: (f64, f64, f64, f64) = (62.0, 74.0, 14.0, 46.0);
/// Names of lines in one row, and the height of a row.
const LEGEND: (usize, f64) = (2, 15.0);
/// About so many ticks on a linear axis.
const TICKS: f64 = 5.0;

/// All of them in one picture.
pub fn svg(charts: &[Chart]) -> String {
    let (width, height) = (SIZE.0 * charts.len() as f64, SIZE.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"11\" fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (n, chart) in charts.iter().enumerate() {
        let _ = writeln!(out, "<g transform=\"translate({} 0)\">\n{}</g>", SIZE.0 * n as f64, chart.draw());
    }
    out + "</svg>\n"
}

/// Where figures of one axis lie on the paper.
struct Span {
    scale: Scale,
    from: f64,
    to: f64,
}

impl Span {
    fn of(scale: Scale, figures: impl Iterator<Item = f64>) -> Self {
        let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
        for figure in figures {
            (least, most) = (least.min(figure), most.max(figure));
        }
        match scale {
            Scale::Linear => Self { scale, from: 0.0, to: if most > 0.0 { most } else { 1.0 } },
            // Whole decades.
            Scale::Log => {
                let decade = |figure: f64| figure.max(f64::MIN_POSITIVE).log10();
                let (from, to) = (decade(least.min(most)).floor(), decade(most).ceil());
                Self { scale, from, to: to.max(from + 1.0) }
            }
        }
    }

    /// From 0 at the beginning to 1 at the end.
    fn place(&self, figure: f64) -> f64 {
        let figure = if self.scale == Scale::Log { figure.max(f64::MIN_POSITIVE).log10() } else { figure };
        ((figure - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }

    fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Log => (self.from as i32..=self.to as i32).map(|decade| 10_f64.powi(decade)).collect(),
            Scale::Linear => {
                let step = round_step(self.to / TICKS);
                (0..).map(|n| f64::from(n) * step).take_while(|tick| *tick <= self.to * 1.0001).collect()
            }
        }
    }
}

/// The next of 1, 2 and 5 times a power of ten.
fn round_step(least: f64) -> f64 {
    let decade = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|step| step * decade).into_iter().find(|step| *step >= least).unwrap_or(10.0 * decade)
}

/// As short as can be read: `40k`, `1M`, `0.1`.
fn label(figure: f64) -> String {
    match figure {
        0.0 => "0".into(),
        figure if figure >= 1e6 => format!("{}M", figure / 1e6),
        figure if figure >= 1e4 => format!("{}k", figure / 1e3),
        figure => format!("{}", (figure * 1e6).round() / 1e6),
    }
}

impl Chart {
    fn draw(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| line.points.iter());
        let x = Span::of(self.x.scale, points().map(|point| point.0));
        let y = Span::of(self.y.scale, points().map(|point| point.1));
        let (left, top, right, bottom) = (MARGIN.0, MARGIN.1, SIZE.0 - MARGIN.2, SIZE.1 - MARGIN.3);
        let at_x = |figure: f64| left + x.place(figure) * (right - left);
        let at_y = |figure: f64| bottom - y.place(figure) * (bottom - top);
        let mut out = String::new();
        let text = |out: &mut String, (x, y): (f64, f64), more: &str, text: &str| {
            let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" {more}>{}</text>", escaped(text));
        };
        text(&mut out, (left, 18.0), "font-weight=\"bold\" font-size=\"13\"", self.title);
        for tick in x.ticks() {
            let at = at_x(tick);
            let _ = writeln!(out, "<path d=\"M{at:.1} {top}V{bottom}\" stroke=\"#e4e4e4\"/>");
            text(&mut out, (at, bottom + 15.0), "text-anchor=\"middle\"", &label(tick));
        }
        for tick in y.ticks() {
            let at = at_y(tick);
            let _ = writeln!(out, "<path d=\"M{left} {at:.1}H{right}\" stroke=\"#e4e4e4\"/>");
            text(&mut out, (left - 5.0, at + 4.0), "text-anchor=\"end\"", &label(tick));
        }
        let _ = writeln!(out, "<path d=\"M{left} {top}V{bottom}H{right}\" fill=\"none\" stroke=\"#222\"/>");
        text(&mut out, (f64::midpoint(left, right), SIZE.1 - 10.0), "text-anchor=\"middle\"", self.x.title);
        let turned = format!("text-anchor=\"middle\" transform=\"rotate(-90 14 {0})\"", f64::midpoint(top, bottom));
        text(&mut out, (14.0, f64::midpoint(top, bottom)), &turned, self.y.title);
        for (n, line) in self.lines.iter().enumerate() {
            let style = line.style();
            let points: Vec<_> = line.points.iter().map(|(x, y)| (at_x(*x), at_y(*y))).collect();
            let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let _ = writeln!(out, "<polyline points=\"{}\" fill=\"none\" {style}/>", path.join(" "));
            for (x, y) in points {
                let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{}\"/>", line.colour());
            }
            let column = (right - left) / LEGEND.0 as f64;
            let (x, y) = (left + column * (n % LEGEND.0) as f64, 34.0 + LEGEND.1 * (n / LEGEND.0) as f64);
            let _ = writeln!(out, "<path d=\"M{x:.1} {:.1}h20\" {style}/>", y - 4.0);
            text(&mut out, (x + 25.0, y), "", &line.name);
        }
        out
    }
}

impl Line {
    fn colour(&self) -> &'static str {
        COLOURS[self.colour % COLOURS.len()]
    }

    fn style(&self) -> String {
        let dashes = if self.dashed { " stroke-dasharray=\"4 3\"" } else { "" };
        format!("stroke=\"{}\" stroke-width=\"1.8\"{dashes}", self.colour())
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// What this file promises.
pub fn ticks_are_round_and_within() {
    let linear = Span::of(Scale::Linear, [3.0, 43_000.0].into_iter());
    assert_eq!(linear.ticks(), [0.0, 10_000.0, 20_000.0, 30_000.0, 40_000.0]);
    assert_eq!((linear.place(0.0), linear.place(43_000.0)), (0.0, 1.0));
    let log = Span::of(Scale::Log, [0.2, 70.0].into_iter());
    assert_eq!(log.ticks().into_iter().map(label).collect::<Vec<_>>(), ["0.1", "1", "10", "100"]);
    assert!((log.place(1.0) - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!([1e3, 4e4, 1e6].map(label), ["1000", "40k", "1M"]);
}
