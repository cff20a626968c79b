//! Answers as people read them: fields, aligned tables and times, and nothing in a cell but text.

use std::time::{Duration, UNIX_EPOCH};

use comfy_table::{CellAlignment, Table, presets::NOTHING};
use serde_json::Value;

use super::text::cell;

/// A field of an answer, by its name or by several joined with dots; null where there is none.
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').try_fold(value, |value, name| value.get(name)).unwrap_or(&Value::Null)
}

/// A field that is text; empty for anything else.
pub fn text_of<'a>(value: &'a Value, path: &str) -> &'a str {
    at(value, path).as_str().unwrap_or_default()
}

/// A field as a cell shows it: text as it is, `-` for null or nothing.
pub fn shown(value: &Value, path: &str) -> String {
    match at(value, path) {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A word of ours with spaces.
pub fn words_of(value: &Value, path: &str) -> String {
    text_of(value, path).replace('_', " ")
}

/// The members of a field that is a list.
pub fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).as_array().map_or(&[], Vec::as_slice)
}

/// The user of an entry: by name where it is known, else by reference.
pub fn name_of(entry: &Value) -> String {
    match text_of(entry, "subject") {
        "" => format!("({})", text_of(entry, "subject_ref")),
        name => name.to_owned(),
    }
}

/// A time (`2026-01-01T10:05:00.123Z`) to the second, as `2026-01-01 10:05:00Z`; anything else as it is shown.
pub fn instant_of(value: &Value, path: &str) -> String {
    instant(&shown(value, path))
}

fn instant(text: &str) -> String {
    match text.split_once('T') {
        Some((date, time)) if text.is_ascii() && text.ends_with('Z') && date.len() == 10 && time.len() >= 9 => {
            format!("{date} {}Z", time.get(..8).unwrap_or(time))
        }
        _ => text.to_owned(),
    }
}

/// ms since 1970 in the same way.
pub fn of_millis(value: &Value, path: &str) -> String {
    /// The end of the year 9999, which is the last that can be written.
    const LAST: u64 = 253_402_300_799_999;
    let time = UNIX_EPOCH + Duration::from_millis(at(value, path).as_u64().unwrap_or(0).min(LAST));
    instant(&humantime::format_rfc3339_millis(time).to_string())
}

/// A column of a table, or a line of facts.
#[derive(Debug)]
pub struct Column {
    /// What stands over it.
    pub heading: &'static str,
    /// What stands in it, of one entry.
    pub cell: fn(&Value) -> String,
    kind: Kind,
}

/// What a column's cells are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Number,
    Foreign,
}

impl Column {
    /// A column that begins where its heading does.
    pub const fn text(heading: &'static str, cell: fn(&Value) -> String) -> Self {
        Self { heading, cell, kind: Kind::Text }
    }

    /// A column that ends where its heading does.
    pub const fn number(heading: &'static str, cell: fn(&Value) -> String) -> Self {
        Self { heading, cell, kind: Kind::Number }
    }

    /// A column of what others wrote, or chose.
    pub const fn foreign(heading: &'static str, cell: fn(&Value) -> String) -> Self {
        Self { heading, cell, kind: Kind::Foreign }
    }

    /// Whether its cells are what others wrote.
    pub fn is_foreign(&self) -> bool {
        self.kind == Kind::Foreign
    }
}

/// Entries as a table, each column under its heading; `nothing` where there are none.
pub fn table(columns: &[Column], entries: &[Value], nothing: &str) -> String {
    if entries.is_empty() {
        return nothing.to_owned();
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(columns.iter().map(|column| column.heading));
    for entry in entries {
        table.add_row(columns.iter().map(|column| cell(&(column.cell)(entry))));
    }
    for (column, of) in table.column_iter_mut().zip(columns) {
        if of.kind == Kind::Number {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    aligned(table)
}

/// What is known of one entry, a line each; what is empty is left out.
pub fn facts(columns: &[Column], entry: &Value) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    for column in columns {
        let text = (column.cell)(entry);
        if !text.is_empty() {
            table.add_row([column.heading.to_owned(), cell(&text)]);
        }
    }
    aligned(table)
}

fn aligned(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}
