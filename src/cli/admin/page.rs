//! A review as a page that stands by itself: without a script, loading nothing, to be read and printed. Foreign text is
//! only text.

use serde_json::Value;

use super::{
    render::at,
    review::{Review, Table},
    text::inert,
};

const STYLE: &str = include_str!("page.css");

/// The review as a page.
pub fn page(report: &Value) -> String {
    let Review { period, before, remarks, tables } = Review::of(report);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Security review</title>\n<style>{STYLE}</style>\n<main><h1>Security review</h1>\n<p>{}<br><i>beside {}</i></p>\n",
        escaped(&period),
        escaped(&before),
    );
    page.extend(remarks.iter().map(|remark| format!("<p>{}</p>\n", escaped(remark))));
    page.extend(tables.iter().map(section));
    page + "</main></html>\n"
}

fn section(table: &Table) -> String {
    let Table { title, columns, entries, nothing, more } = table;
    if entries.is_empty() {
        return format!("<h2>{title}</h2>\n<p>{nothing}</p>\n");
    }
    let heading = |heading: &str| format!("<th scope=\"col\">{heading}");
    let mut headings: String = columns.iter().map(|column| heading(column.heading)).collect();
    headings.extend(entries.first().and_then(trend).map(|_| heading("trend")));
    let row = |entry: &Value| {
        let cells = columns.iter().map(|column| format!("<td>{}", escaped(&column.of(entry))));
        let trend = trend(entry).map(|trend| format!("<td>{trend}"));
        format!("<tr>{}</tr>\n", cells.chain(trend).collect::<String>())
    };
    let rows: String = entries.iter().map(row).collect();
    let more = if more.is_empty() { String::new() } else { format!("<p>{more}</p>\n") };
    format!("<h2>{title}</h2>\n<table><thead><tr>{headings}</thead>\n<tbody>{rows}</tbody></table>\n{more}")
}

/// A figure and the one of before as bars: as there would be in a period that is as long.
fn trend(figure: &Value) -> Option<String> {
    let (now, then) = (at(figure, "rate").as_f64()?, at(figure, "before").as_f64()?);
    let width = |n: f64| 100.0 * n / now.max(then).max(1.0);
    Some(format!(
        "<svg viewBox=\"0 0 100 12\" role=\"img\" aria-label=\"{now:.0} beside {then:.0}\"><rect width=\"{:.1}\" height=\"5\"/>\
         <rect class=\"before\" y=\"7\" width=\"{:.1}\" height=\"5\"/></svg>",
        width(now),
        width(then)
    ))
}

/// Text of anybody's: nothing in it is markup, and nothing of it is invisible.
fn escaped(text: &str) -> String {
    inert(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
