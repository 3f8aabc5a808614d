//! What must hold whatever comes in: one function for each thing that reads what strangers wrote.
//!
//! Each takes a few bytes, makes of them what a stranger could send, and panics if a rule does not hold; it answers with
//! the word for what became of it. Two callers share them: the fuzzing targets beside this crate, which search for bytes
//! that break a rule, and this crate's own test, which takes every file of the corpus through on each test run. The bytes
//! are text that people can write: lines of headers, an empty line, the body.
#![expect(clippy::missing_panics_doc, reason = "to panic is how a broken rule is told")]
#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped is a broken rule")]

mod letter;
mod reception;
mod spelling;
pub mod shopify_webhook;
pub mod signature;
pub mod shipstation_notice;
pub mod shop_terms;
pub mod wake_up;
pub mod money;
pub mod provider_answers;

/// A function that tries bytes and says what became of them.
pub type Check = fn(&[u8]) -> &'static str;

/// Every check by the name of its target, which is also the folder of its corpus.
pub const CHECKS: [(&str, Check); 7] = [
    ("shopify_webhook", shopify_webhook::check),
    ("signature", signature::check),
    ("shipstation_notice", shipstation_notice::check),
    ("shop_terms", shop_terms::check),
    ("wake_up", wake_up::check),
    ("money", money::check),
    ("provider_answers", provider_answers::check),
];

/// What is said of bytes that nobody could send.
const UNSENDABLE: &str = "unsendable";
