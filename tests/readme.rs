//! The table of faults in this folder's README names tests that are there.

use std::path::{Path, PathBuf};

/// The faults that one machine can show; the table has a row for each of these at least.
const ROWS_MIN: usize = 50;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn readme() -> String {
    std::fs::read_to_string(root().join("tests/README.md")).unwrap()
}

/// What stands between backticks and looks like `path::name`; `::name` alone is of the path before it.
fn named(line: &str) -> Vec<(&str, &str)> {
    let mut file = "";
    let mut found = Vec::new();
    for word in line.split('`').skip(1).step_by(2) {
        let Some((path, name)) = word.rsplit_once("::") else { continue };
        if Path::new(path).extension().is_some_and(|kind| kind == "rs") {
            file = path;
        } else if !path.is_empty() {
            continue;
        }
        found.push((file, name));
    }
    found
}

/// Whether the file has a function of this name; a suite's case is a function, too, or a text that names it.
fn is_there(file: &str, name: &str) -> bool {
    let source = std::fs::read_to_string(root().join(file)).unwrap_or_default();
    source.contains(&format!("fn {name}(")) || source.contains(&format!("\"{name}\""))
}

#[test]
fn every_test_that_the_table_names_is_in_the_source() {
    let readme = readme();
    let all: Vec<(&str, &str)> = readme.lines().flat_map(named).collect();
    let missing: Vec<String> =
        all.iter().filter(|(file, name)| !is_there(file, name)).map(|(file, name)| format!("{file}::{name}")).collect();
    assert!(missing.is_empty(), "named in tests/README.md and not in the source: {missing:#?}");
    assert!(all.len() >= ROWS_MIN, "the table has shrunk to {} tests", all.len());
    assert!(!is_there("tests/readme.rs", &["nobody", "wrote", "this"].join("_")), "a name that is not there is missed");
}

#[test]
fn every_row_names_a_test_and_every_fault_has_one_row() {
    let readme = readme();
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| F")).collect();
    assert!(rows.len() >= ROWS_MIN, "only {} rows", rows.len());
    for row in &rows {
        assert!(!named(row).is_empty(), "no test is named: {row}");
    }
    let mut faults: Vec<&str> = rows.iter().filter_map(|row| row.split_whitespace().nth(1)).collect();
    faults.sort_unstable();
    let once = faults.len();
    faults.dedup();
    assert_eq!(faults.len(), once, "a fault has two rows");
}
