//! What a part of the benchmark found: tables for people, the same figures as data.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// One figure or word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Text(String),
    /// A number and how many decimals people see of it.
    Number(f64, usize),
}

impl Cell {
    fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number, digits) => grouped(&format!("{number:.digits$}")),
        }
    }

    fn data(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(number, _) => json!(number),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A whole number.
pub(super) fn count(number: u64) -> Cell {
    Cell::Number(as_f64(number), 0)
}

/// A number with so many decimals.
pub(super) fn number(number: f64, digits: usize) -> Cell {
    Cell::Number(number, digits)
}

/// Exact up to 2^53, and no count here comes near.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, and no count here comes near")]
pub(super) fn as_f64(number: u64) -> f64 {
    number as f64
}

/// How often in a second.
pub(super) fn per_second(times: u64, took: Duration) -> f64 {
    ratio(as_f64(times), took.as_secs_f64())
}

/// One by the other; nothing of nothing is nothing.
pub(super) fn ratio(one: f64, other: f64) -> f64 {
    if other > 0.0 { one / other } else { 0.0 }
}

/// Microseconds for each of so many.
pub(super) fn us_each(time: Duration, of: u64) -> f64 {
    ratio(time.as_secs_f64() * 1e6, as_f64(of))
}

/// The value below which so many of a hundred lie. The values need no order.
pub(super) fn percentile(values: &mut [u32], percent: usize) -> u32 {
    if values.is_empty() {
        return 0;
    }
    let at = (values.len() * percent).div_ceil(100).clamp(1, values.len()) - 1;
    *values.select_nth_unstable(at).1
}

/// A table with a heading, and what has to be said about it.
#[derive(Debug, Clone)]
pub(super) struct Table {
    name: &'static str,
    heading: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
    notes: Vec<String>,
}

impl Table {
    pub(super) fn new(name: &'static str, heading: &str, columns: &[&'static str]) -> Self {
        Self { name, heading: heading.to_owned(), columns: columns.to_vec(), rows: Vec::new(), notes: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    pub(super) fn note(&mut self, words: impl Into<String>) {
        self.notes.push(words.into());
    }

    /// The table as text, figures right-aligned.
    pub(super) fn shown(&self) -> String {
        let rows: Vec<Vec<String>> = self.rows.iter().map(|row| row.iter().map(Cell::shown).collect()).collect();
        let width = |at: usize| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
            cells.chain([self.columns[at].chars().count()]).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut text = format!("{}\n", self.heading);
        let line = |text: &mut String, cells: &[String]| {
            for (at, (cell, width)) in cells.iter().zip(&widths).enumerate() {
                let gap = if at == 0 { "  " } else { "   " };
                let _ = if at == 0 { write!(text, "{gap}{cell:<width$}") } else { write!(text, "{gap}{cell:>width$}") };
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        };
        let heads: Vec<String> = self.columns.iter().map(|&column| column.to_owned()).collect();
        line(&mut text, &heads);
        for row in &rows {
            line(&mut text, row);
        }
        for note in &self.notes {
            let _ = writeln!(text, "  · {note}");
        }
        text
    }

    /// The table as data: a member for each column.
    pub(super) fn data(&self) -> Value {
        let row = |row: &Vec<Cell>| -> Value {
            let cells = self.columns.iter().zip(row).map(|(&column, cell)| (column.to_owned(), cell.data()));
            Value::Object(cells.collect::<Map<_, _>>())
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        json!({"name": self.name, "heading": self.heading, "rows": rows, "notes": self.notes})
    }
}

/// Digits in groups of three.
fn grouped(number: &str) -> String {
    let (whole, rest) = number.find('.').map_or((number, ""), |dot| number.split_at(dot));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut text = String::from(sign);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_value_that_so_many_do_not_exceed() {
        let mut hundred: Vec<u32> = (1..=100).rev().collect();
        assert_eq!([50, 99, 100].map(|percent| percentile(&mut hundred, percent)), [50, 99, 100]);
        assert_eq!([1, 50, 99, 100].map(|percent| percentile(&mut [7], percent)), [7; 4]);
        assert_eq!(percentile(&mut [1, 2, 3], 50), 2);
        assert_eq!(percentile(&mut [], 99), 0);
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        for (given, shown) in [("1", "1"), ("999", "999"), ("1000", "1,000"), ("-1234567.25", "-1,234,567.25")] {
            assert_eq!(grouped(given), shown);
        }
    }

    #[test]
    fn a_table_lines_up_and_is_the_same_as_data() {
        let mut table = Table::new("intake", "intake", &["connections", "a second"]);
        table.row(vec![count(64), number(12345.678, 1)]);
        table.row(vec!["all".into(), number(7.0, 0)]);
        table.note("a note");
        let shown =
            "intake\n  connections   a second\n  64            12,345.7\n  all                  7\n  · a note\n";
        assert_eq!(table.shown(), shown);
        assert_eq!(table.data()["rows"][0], json!({"connections": 64.0, "a second": 12345.678}));
    }

    #[test]
    fn nothing_of_nothing_is_nothing() {
        assert!(ratio(1.0, 0.0).abs() < f64::EPSILON);
        assert!((us_each(Duration::from_millis(3), 3) - 1000.0).abs() < 1e-9);
        assert!((per_second(10, Duration::from_secs(2)) - 5.0).abs() < 1e-9);
    }
}
