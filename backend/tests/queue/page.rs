//! The page of rows is held to what there is: every row is on it, and every case, walk and test that it names exists and
//! runs where the page says.

use std::collections::BTreeSet;

use backend::contract::queue::cases;

use super::sqs::NOT_KEPT;
use super::witness::Seen;
use super::{walk_embedded, walk_sqs};

const PAGE: &str = include_str!("../../src/contract/queue/rows.md");

/// Rows that the queue is answerable for.
const ROWS: &[&str] = &[
    "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10", "C11", "C12", "C16", "C17", "C18", "C19", "C24",
    "C28", "C35", "C37", "C38", "C41", "C42", "C43", "C44", "C45", "C46", "C47", "C48", "C49",
];

/// Where a `test` of the page may be.
const SOURCES: &[&str] = &[include_str!("crowd.rs"), include_str!("sqs.rs")];

struct Row<'a> {
    name: &'a str,
    embedded: Vec<(&'a str, &'a str)>,
    stand_in: Vec<(&'a str, &'a str)>,
    verdict: &'a str,
}

fn rows() -> Vec<Row<'static>> {
    let lines = PAGE.lines().filter(|line| line.starts_with("| C"));
    let row = |line: &'static str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, _, embedded, stand_in] = cells[..] else { panic!("not four columns: {line}") };
        let verdict = stand_in.split([':', ';']).next().unwrap();
        Row { name, embedded: named(embedded), stand_in: named(stand_in), verdict }
    };
    lines.map(row).collect()
}

/// What stands in backticks, by its kind.
fn named(cell: &str) -> Vec<(&str, &str)> {
    cell.split('`').skip(1).step_by(2).map(|told| told.split_once(' ').expect("a kind and a name")).collect()
}

fn walk_sees(least: &[(Seen, u64)], name: &str) -> bool {
    least.iter().any(|(seen, times)| *times > 0 && format!("{seen:?}") == name)
}

fn is_case(name: &str) -> bool {
    cases().any(|case| case.name.split(' ').next() == Some(name))
}

#[test]
fn every_row_is_on_the_page_once() {
    assert_eq!(rows().iter().map(|row| row.name).collect::<Vec<_>>(), ROWS);
}

#[test]
fn whatever_the_page_names_exists_and_runs() {
    for Row { name: row, embedded, stand_in, verdict } in rows() {
        assert!(!embedded.is_empty(), "{row} is shown by nothing");
        for (place, (kind, name)) in
            embedded.iter().map(|told| ("embedded", told)).chain(stand_in.iter().map(|told| ("sqs", told)))
        {
            let least = if place == "sqs" { walk_sqs::LEAST } else { walk_embedded::LEAST };
            let kept = place == "embedded" || !NOT_KEPT.iter().any(|exclusion| exclusion.case == *name);
            let exists = match *kind {
                "case" => is_case(name) && kept,
                "walk" => walk_sees(least, name),
                "test" => SOURCES.iter().any(|source| source.contains(&format!("fn {name}("))),
                other => panic!("{row}: what is a {other}?"),
            };
            assert!(exists, "{row}: {kind} {name} does not show it on {place}");
        }
        let whole = match verdict {
            "yes" => !stand_in.is_empty(),
            "in part" => !stand_in.is_empty() && differs(row),
            "no" | "not run" => stand_in.is_empty() && differs(row),
            other => panic!("{row}: what is {other:?}?"),
        };
        assert!(whole, "{row}: {verdict:?} is not so");
    }
}

/// Whether the stand-in is known not to keep a case of the row.
fn differs(row: &str) -> bool {
    NOT_KEPT.iter().any(|exclusion| exclusion.case.trim_end_matches(char::is_alphabetic) == row)
}

#[test]
fn every_case_the_stand_in_does_not_keep_is_on_the_page() {
    // Deleting twice is not among the rows of the page; the suite tells it all the same.
    let left_out = BTreeSet::from(["C40"]);
    for exclusion in NOT_KEPT {
        let row = exclusion.case.trim_end_matches(char::is_alphabetic);
        assert!(ROWS.contains(&row) || left_out.contains(row), "{row}");
        assert!(left_out.contains(row) || rows().iter().any(|told| told.name == row && told.verdict != "yes"), "{row}");
    }
}
