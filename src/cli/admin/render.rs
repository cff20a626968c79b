//! Answers as people read them: fields, aligned tables and times, and nothing in a cell but text.

use comfy_table::{CellAlignment, Table, presets::NOTHING};
use serde_json::Value;

use super::text::cell;
use crate::event::time::rfc3339;

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

/// A user or an address of an entry: by name where it is known, else by reference, which has the same name with `_ref`
/// behind it.
pub fn name_of(entry: &Value, path: &str) -> String {
    let reference = format!("{}_ref", path.rsplit('.').next().unwrap_or(path));
    match (text_of(entry, path), text_of(entry, &reference)) {
        ("", "") => "-".to_owned(),
        ("", reference) => format!("({reference})"),
        (name, _) => name.to_owned(),
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
    instant(&rfc3339(at(value, path).as_u64().unwrap_or(0)))
}

/// A column of a table, or a line of facts.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// What stands over it.
    pub heading: &'static str,
    path: &'static str,
    cell: fn(&Value, &str) -> String,
    is_number: bool,
    is_optional: bool,
    /// Whether its cells are what others wrote, or chose.
    pub is_foreign: bool,
}

/// A column of what stands in a field.
pub const fn column(heading: &'static str, path: &'static str) -> Column {
    Column { heading, path, cell: shown, is_number: false, is_optional: false, is_foreign: false }
}

impl Column {
    /// The same of what `cell` makes of an entry and the field's path in it.
    pub const fn by(self, cell: fn(&Value, &str) -> String) -> Self {
        Self { cell, ..self }
    }

    /// A time of a field that holds one as text.
    pub const fn time(self) -> Self {
        self.by(instant_of)
    }

    /// A column that ends where its heading does.
    pub const fn number(self) -> Self {
        Self { is_number: true, ..self }
    }

    /// Empty where there is no such field.
    pub const fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }

    /// What others wrote, or chose.
    pub const fn foreign(self) -> Self {
        Self { is_foreign: true, ..self }
    }

    /// What stands in it, of one entry.
    pub fn of(&self, entry: &Value) -> String {
        let is_missing = self.is_optional && at(entry, self.path).is_null();
        if is_missing { String::new() } else { (self.cell)(entry, self.path) }
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
        table.add_row(columns.iter().map(|column| cell(&column.of(entry))));
    }
    for (column, of) in table.column_iter_mut().zip(columns) {
        if of.is_number {
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
        let text = column.of(entry);
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
