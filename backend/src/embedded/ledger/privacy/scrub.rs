//! Overwrites what SQLite leaves inside pages. `secure_delete` clears what is deleted and every page that falls free; but
//! when rows move between neighbouring pages, the bytes they leave stay in the unused middle of the old page (SQLite's
//! `rebuildPage`), where no later deletion finds them. So the last step of a redaction is to clear the unused middle of
//! every page, through SQLite's own page table and so inside the write-ahead log like any other write.

use rusqlite::OptionalExtension;

use super::super::writer::SqlUnit;
use crate::ledger::fault::Fault;

/// Pages that one unit looks at: at about 5 µs each that is 20 ms in which a webhook waits.
const PAGES_AT_ONCE: u32 = 4000;

/// From this many pages on the first byte of an overflow page, part of a page number, could look like a b-tree's
/// (128 GiB).
const PAGES_MAX: u32 = 1 << 25;

/// How far scrubbing came. Every page is looked at twice, up and down the file: between two units other writes may
/// exchange the numbers of two neighbouring pages, and what slips past one direction runs into the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Scrubbed {
    up: u32,
    down: Option<u32>,
}

/// Clears some pages. `true` when all are done.
pub(super) fn scrub(unit: &SqlUnit<'_>, so_far: &mut Scrubbed) -> Result<bool, Fault> {
    let pages: u32 = unit.conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    if pages >= PAGES_MAX {
        let words = format!("{pages} pages are more than a redaction can tell apart");
        return Err(Fault::Ledger(lane::ports::LedgerError::Unavailable(words)));
    }
    let Some(above) = so_far.down else {
        let until = pages.min(so_far.up.saturating_add(PAGES_AT_ONCE));
        clear(unit, so_far.up + 1, until)?;
        so_far.up = until;
        if until == pages {
            // A file of one slice was looked at in one unit: nothing can have moved meanwhile.
            so_far.down = Some(if pages <= PAGES_AT_ONCE { 0 } else { pages });
        }
        return Ok(so_far.down == Some(0));
    };
    let from = above.saturating_sub(PAGES_AT_ONCE);
    clear(unit, from + 1, above.min(pages))?;
    so_far.down = Some(from);
    Ok(from == 0)
}

fn clear(unit: &SqlUnit<'_>, first: u32, last: u32) -> Result<(), Fault> {
    let mut read = unit.conn.prepare_cached("SELECT data FROM sqlite_dbpage WHERE pgno = ?1")?;
    for number in first..=last {
        let cleared: Option<Vec<u8>> = read
            .query_row([number], |row| {
                let page = row.get_ref(0)?.as_blob()?;
                Ok(leftover(page, number == 1).map(|unused| {
                    let mut page = page.to_vec();
                    page[unused].fill(0);
                    page
                }))
            })
            .optional()?
            .flatten();
        if let Some(page) = cleared {
            unit.conn.prepare_cached("UPDATE sqlite_dbpage SET data = ?2 WHERE pgno = ?1")?.execute((number, page))?;
        }
    }
    Ok(())
}

/// The unused middle of a b-tree page, between its cell pointers and its cells, if anything stands in it. The layout is
/// in *sqlite.org: Database File Format, 1.6 B-tree Pages*.
fn leftover(page: &[u8], first: bool) -> Option<std::ops::Range<usize>> {
    // The file's own header stands at the beginning of its first page.
    let at = if first { 100 } else { 0 };
    let header = match page.get(at)? {
        // Interior pages have a pointer to their last child behind the header.
        2 | 5 => 12,
        10 | 13 => 8,
        _ => return None,
    };
    let number = |offset: usize| Some(usize::from(u16::from_be_bytes([*page.get(offset)?, *page.get(offset + 1)?])));
    let cells_begin = match number(at + 5)? {
        0 => 65536,
        begin => begin,
    };
    let unused = at + header + 2 * number(at + 3)?..cells_begin;
    let found = page.get(unused.clone())?.iter().any(|byte| *byte != 0);
    found.then_some(unused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(cells: u16, begin: u16) -> Vec<u8> {
        let mut page = vec![7; 4096];
        page[0] = 13;
        page[3..5].copy_from_slice(&cells.to_be_bytes());
        page[5..7].copy_from_slice(&begin.to_be_bytes());
        page
    }

    #[test]
    fn only_the_unused_middle_of_a_tree_page_is_cleared() {
        let mut page = leaf(3, 4000);
        assert_eq!(leftover(&page, false), Some(14..4000));
        page[14..4000].fill(0);
        assert_eq!(leftover(&page, false), None);
        page[0] = 5;
        page[500] = 1;
        assert_eq!(leftover(&page, false), Some(18..4000), "an interior page has a longer header");
    }

    #[test]
    fn pages_that_are_no_tree_and_pages_that_make_no_sense_are_left_alone() {
        let mut overflow = leaf(3, 4000);
        overflow[0] = 0;
        assert_eq!(leftover(&overflow, false), None);
        assert_eq!(leftover(&leaf(3000, 4000), false), None, "pointers beyond the cells");
        assert_eq!(leftover(&leaf(3, 5000), false), None, "cells beyond the page");
        assert_eq!(leftover(&[], false), None);
    }
}
