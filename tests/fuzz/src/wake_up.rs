//! What travels in the queue, and the names of things: what is read can be written, and read back as the same.

use std::fmt::Display;

use lane::id::{JobId, LaneKey, OperatorId, ShopId};
use lane::shop::SecretRef;
use lane::wake_up::{BODY_BYTES_MAX, DedupId, WakeUp};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest deduplication id and message group of a queue.
const QUEUE_ID_CHARS_MAX: usize = 128;

/// Reads the bytes as a wake-up, and as each kind of name.
pub fn check(bytes: &[u8]) -> &'static str {
    let Ok(text) = std::str::from_utf8(bytes) else { return "no_text" };
    if wake_up(text) {
        return "wake_up";
    }
    let text = text.trim_end_matches('\n');
    let shop = name(ShopId::parse(text), text, ShopId::LENGTH_MAX);
    let job = name(JobId::parse(text), text, JobId::LENGTH_MAX);
    let operator = name(OperatorId::parse(text), text, 60);
    let lane = name(text.parse::<LaneKey>(), text, QUEUE_ID_CHARS_MAX + "orders/".len());
    let secret = name(text.parse::<SecretRef>(), text, usize::MAX);
    if let Ok(job) = JobId::parse(text) {
        may_be_sent(&job);
    }
    assert!(!shop || job && operator, "what names a shop is plain enough for everything");
    match (lane, secret, shop, job, operator) {
        (true, ..) => "lane",
        (_, true, ..) => "secret",
        (_, _, true, ..) => "shop",
        (_, _, _, true, _) => "job",
        (_, _, _, _, true) => "operator",
        (false, false, false, false, false) => "nothing",
    }
}

fn wake_up(text: &str) -> bool {
    let lane = LaneKey::orders(&ShopId::parse("acme").unwrap());
    let Ok(read) = WakeUp::decode(text, &lane) else { return false };
    let sent = read.encode();
    assert!(sent.len() <= BODY_BYTES_MAX, "{sent}");
    let again = WakeUp::decode(&sent, &lane).unwrap();
    let number = read.number.chars().filter(|sign| !sign.is_control()).take(60).collect();
    assert_eq!(again, WakeUp { number, ..read }, "{sent}");
    assert_eq!(again.encode(), sent);
    may_be_sent(&again.job);
    true
}

/// The ids that a job's wake-ups are sent under.
fn may_be_sent(job: &JobId) {
    for ordinal in [0, 1, 2, u32::MAX] {
        for id in [DedupId::first(job), DedupId::approved(job, ordinal), DedupId::retry(job, ordinal)] {
            let id = id.as_str();
            assert!(
                (1..=QUEUE_ID_CHARS_MAX).contains(&id.len()) && id.bytes().all(|sign| sign.is_ascii_graphic()),
                "{id}"
            );
        }
    }
}

/// Whether the text names it. Then it is written as it was read, and as text in JSON.
fn name<T, E>(read: Result<T, E>, text: &str, chars_max: usize) -> bool
where
    T: Display + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
    E: Display,
{
    match read {
        Ok(name) => {
            assert_eq!(name.to_string(), text);
            assert!(!text.is_empty() && text.chars().count() <= chars_max, "{text}");
            let row = serde_json::to_value(&name).unwrap();
            assert_eq!(row.as_str(), Some(text));
            assert_eq!(serde_json::from_value::<T>(row).unwrap(), name);
            true
        }
        Err(why) => {
            assert!(!why.to_string().is_empty());
            false
        }
    }
}
