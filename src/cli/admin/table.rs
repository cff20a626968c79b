//! Aligned tables: the same on a terminal and in a file, without tabs, and nothing in a cell but text.

use comfy_table::{CellAlignment, Table as Aligned, presets::NOTHING};

use super::text::cell;

/// A table in the making.
#[derive(Debug)]
pub struct Table(Aligned);

impl Table {
    /// A table with these headings.
    pub fn new(headings: &[&str]) -> Self {
        let mut table = Aligned::new();
        table.load_style(NOTHING).set_header(headings);
        Self(table)
    }

    /// Aligns the numbers of a column.
    pub fn numbers(&mut self, column: usize) {
        if let Some(column) = self.0.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }

    /// Adds a row; what its cells hold is made inert.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.add_row(cells.into_iter().map(|text| cell(&text)));
    }

    /// Its lines, each ended.
    pub fn text(mut self) -> String {
        for column in self.0.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let mut text = self.0.trim_fmt();
        text.push('\n');
        text
    }
}

/// Names and values, one pair a line.
pub fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut table = Aligned::new();
    table.load_style(NOTHING);
    for (name, value) in pairs {
        table.add_row([name.to_owned(), cell(&value)]);
    }
    Table(table).text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_cells_are_text() {
        let mut table = Table::new(&["SUBJECT", "FAILURES"]);
        table.numbers(1);
        table.row(["日本".into(), "5".into()]);
        table.row(["=1+1\n\u{1b}[31m".into(), "12".into()]);
        let text = table.text();
        assert_eq!(
            text,
            "SUBJECT               FAILURES\n日本                         5\n'=1+1\\u{a}\\u{1b}[31m        12\n"
        );
    }

    #[test]
    fn pairs_stand_below_each_other() {
        assert_eq!(pairs([("a", "1".into()), ("long name", "2".into())]), "a          1\nlong name  2\n");
    }
}
