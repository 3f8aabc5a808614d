//! Every file of the corpus goes through its check on each test run, and every way in which a check can end is reached: a
//! corpus that no longer gets past the first line would prove nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fuzzed::{CHECKS, Check};

/// What each check has to say at least once.
const WORDS: [(&str, &[&str]); 7] = [
    ("shopify_webhook", &["asked", "cancelled", "closed", "ignored", "order", "part", "touched", "unreadable"]),
    ("signature", &["authentic", "doubled", "missing", "wrong"]),
    ("shipstation_notice", &["ignored", "no_notice", "noticed", "refused", "unsendable"]),
    ("shop_terms", &["no_text", "not_read", "refused", "terms", "usual"]),
    ("wake_up", &["job", "lane", "nothing", "operator", "secret", "shop", "wake_up"]),
    ("money", &["no_money", "one", "two"]),
    ("provider_answers", &["done", "fail", "hold", "pause", "retry", "skip", "wait"]),
];

fn here(what: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(what)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// How often each word was said over a folder of the corpus.
fn said(target: &str, check: Check) -> BTreeMap<&'static str, u32> {
    let folder = here("corpus").join(target);
    let mut said = BTreeMap::new();
    for name in names(&folder) {
        let bytes = std::fs::read(folder.join(&name)).unwrap();
        let word = std::panic::catch_unwind(|| check(&bytes));
        let word = word.unwrap_or_else(|_| panic!("corpus/{target}/{name} broke a rule"));
        *said.entry(word).or_default() += 1;
    }
    said
}

#[test]
fn the_whole_corpus_keeps_the_rules_and_reaches_every_way_to_end() {
    for ((target, check), (named, words)) in CHECKS.into_iter().zip(WORDS) {
        assert_eq!(target, named);
        let said = said(target, check);
        assert!(said.values().sum::<u32>() >= 20, "{target} has too few seeds");
        assert!(said.keys().eq(words), "{target}: {said:?}");
    }
}

#[test]
fn every_check_has_a_target_and_a_corpus_and_none_is_left_over() {
    let checks: BTreeSet<String> = CHECKS.map(|(name, _)| name.to_owned()).into();
    let sources: BTreeSet<String> = checks.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&here("targets/fuzz_targets")), sources);
    assert_eq!(names(&here("corpus")), checks);
}

#[test]
fn seeds_that_are_cut_off_anywhere_keep_the_rules() {
    for (target, check) in CHECKS {
        let folder = here("corpus").join(target);
        let mut tried = 0;
        for name in names(&folder) {
            let bytes = std::fs::read(folder.join(&name)).unwrap();
            let step = (bytes.len() / 16).max(1);
            for end in (0..bytes.len()).step_by(step) {
                check(&bytes[..end]);
                tried += 1;
            }
        }
        assert!(tried >= 200, "{target}: {tried}");
    }
}
