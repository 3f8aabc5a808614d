//! Looking for what must not be found, byte by byte.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::Connection;

use crate::past::Story;

/// What must not be found: plain words, and stretches of compressed bodies that occur in nobody else's.
pub(crate) struct Canaries {
    plain: Vec<String>,
    compressed: HashSet<[u8; WINDOW]>,
    /// The first three bytes of each, to pass by most of a file quickly.
    begin: Vec<bool>,
}

pub(crate) const WINDOW: usize = 24;

pub(crate) fn three(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2])
}

pub(crate) fn windows(bytes: &[u8]) -> impl Iterator<Item = [u8; WINDOW]> {
    bytes.windows(WINDOW).map(|window| window.try_into().unwrap())
}

impl Canaries {
    pub(crate) fn of(story: &Story, plain: Vec<String>, theirs: &str) -> Self {
        let conn = Connection::open(&story.path).unwrap();
        let blobs = |filter: &str| -> Vec<Vec<u8>> {
            let sql = format!(
                "SELECT body FROM webhook LEFT JOIN job ON job.seq = webhook.job WHERE body IS NOT NULL AND {filter}"
            );
            let mut statement = conn.prepare(&sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let others: HashSet<_> = blobs(&format!("NOT ({theirs})")).iter().flat_map(|blob| windows(blob)).collect();
        let mine = blobs(theirs);
        assert!(!mine.is_empty(), "{theirs}");
        // Every fourth place of a body is enough to meet any page it lies in.
        let windows = mine.iter().flat_map(|blob| windows(blob).step_by(4));
        let compressed: HashSet<_> = windows.filter(|window| !others.contains(window)).collect();
        assert!(compressed.len() > 10_000);
        let mut begin = vec![false; 1 << 24];
        for window in &compressed {
            begin[three(window)] = true;
        }
        Self { plain, compressed, begin }
    }

    pub(crate) fn words(plain: Vec<String>) -> Self {
        Self { plain, compressed: HashSet::new(), begin: vec![false; 1 << 24] }
    }

    /// Which of them lie in the ledger's folder, by file; the compressed ones are counted.
    pub(crate) fn found(&self, folder: &Path) -> (Vec<String>, usize) {
        let (mut plain, mut compressed) = (Vec::new(), 0);
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap();
            let bytes = std::fs::read(file.path()).unwrap();
            compressed += bytes
                .windows(WINDOW)
                .filter(|window| self.begin[three(window)] && self.compressed.contains(*window))
                .count();
            for word in &self.plain {
                let times = times(&bytes, word.as_bytes());
                if times > 0 {
                    plain.push(format!("{word:?} {times} times in {}", file.file_name().display()));
                }
            }
        }
        (plain, compressed)
    }

    pub(crate) fn assert_all_there(&self, folder: &Path) {
        let (plain, compressed) = self.found(folder);
        for word in &self.plain {
            assert!(plain.iter().any(|found| found.contains(word)), "{word} was never written");
        }
        // Some stretch over the end of a page.
        assert!(compressed * 10 >= self.compressed.len() * 9, "{compressed} of {}", self.compressed.len());
    }

    pub(crate) fn assert_none_there(&self, folder: &Path) {
        assert_eq!(self.found(folder), (Vec::new(), 0));
    }
}

pub(crate) fn times(bytes: &[u8], word: &[u8]) -> usize {
    let first = word[0];
    (0..bytes.len().saturating_sub(word.len() - 1))
        .filter(|at| bytes[*at] == first && &bytes[*at..*at + word.len()] == word)
        .count()
}
