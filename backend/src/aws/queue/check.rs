//! What a queue must be like. Most of it can be mended in place; the scope of deduplication cannot.

use std::time::Duration;

use serde::Deserialize;

/// The fewest receives after which a wake-up may be set aside: the most that SQS allows. Receives mean nothing here
/// (waits and throttles raise them), so a low number would take wake-ups away from lanes that merely wait.
const RECEIVES_LEAST: u32 = 1000;

/// Something about a queue with which our promises could not be kept, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A standard queue keeps no order.
    #[error("it is a standard queue and keeps no order; create a FIFO queue, whose name ends in .fifo")]
    NotFifo,
    /// Equal ids of two shops would be one message.
    #[error(
        "its DeduplicationScope is {found} and has to be messageGroup, or equal ids of two lanes become one message; \
         the scope is fixed when a queue is created and changing the attribute later does not change what the queue \
         does, so create a new queue"
    )]
    Scope {
        /// What it is.
        found: String,
    },
    /// All lanes together would share 300 messages a second.
    #[error(
        "its FifoThroughputLimit is {found} and has to be perMessageGroupId, or all lanes share one limit; create the \
         queue anew with it"
    )]
    Throughput {
        /// What it is.
        found: String,
    },
    /// A second worker would hear of a lane while the first still has its lease.
    #[error(
        "its VisibilityTimeout is {found} s and has to be {least} s at least, longer than a lane's lease; set the \
         attribute"
    )]
    Visibility {
        /// What it is, in seconds.
        found: String,
        /// What it has to be at least, in seconds.
        least: u64,
    },
    /// A wake-up that nobody can settle would go round unseen.
    #[error(
        "it has no dead-letter queue, so a wake-up that nobody can settle would go round unseen; give it a \
         RedrivePolicy with a FIFO dead-letter queue and a maxReceiveCount of 1000"
    )]
    NoDeadLetters,
    /// Waiting would look like failing.
    #[error(
        "its RedrivePolicy has a maxReceiveCount of {found} and needs 1000: lanes that wait receive often, and a low \
         count would take their wake-ups away; set the attribute"
    )]
    Receives {
        /// What it is.
        found: u32,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    /// AWS gives a number, some tools write it as text.
    max_receive_count: serde_json::Value,
}

/// All that is wrong with a queue of these attributes.
pub(super) fn faults<'a>(attribute: impl Fn(&str) -> Option<&'a str>, visibility: Duration) -> Vec<Fault> {
    if attribute("FifoQueue") != Some("true") {
        // The other attributes only exist on FIFO queues.
        return vec![Fault::NotFifo];
    }
    let mut faults = Vec::new();
    let found = attribute("DeduplicationScope").unwrap_or("queue");
    if found != "messageGroup" {
        faults.push(Fault::Scope { found: found.to_owned() });
    }
    let found = attribute("FifoThroughputLimit").unwrap_or("perQueue");
    if found != "perMessageGroupId" {
        faults.push(Fault::Throughput { found: found.to_owned() });
    }
    let found = attribute("VisibilityTimeout").unwrap_or("30");
    let least = visibility.as_secs();
    if !found.parse::<u64>().is_ok_and(|found| found >= least) {
        faults.push(Fault::Visibility { found: found.to_owned(), least });
    }
    match attribute("RedrivePolicy").and_then(receives) {
        None => faults.push(Fault::NoDeadLetters),
        Some(found) if found < RECEIVES_LEAST => faults.push(Fault::Receives { found }),
        Some(_) => {}
    }
    faults
}

fn receives(policy: &str) -> Option<u32> {
    let policy: RedrivePolicy = serde_json::from_str(policy).ok()?;
    let count = policy.max_receive_count;
    count.as_str().map_or_else(|| count.as_u64().and_then(|n| u32::try_from(n).ok()), |text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(140);
    const RIGHT: [(&str, &str); 5] = [
        ("FifoQueue", "true"),
        ("DeduplicationScope", "messageGroup"),
        ("FifoThroughputLimit", "perMessageGroupId"),
        ("VisibilityTimeout", "140"),
        ("RedrivePolicy", r#"{"deadLetterTargetArn":"arn:aws:sqs:x:1:d.fifo","maxReceiveCount":1000}"#),
    ];

    /// The faults of a right queue with one attribute changed, or taken away.
    fn with(name: &str, value: Option<&'static str>) -> Vec<Fault> {
        let given = RIGHT.iter().find(|(known, _)| *known == name);
        assert!(given.is_some(), "{name} is not checked");
        faults(
            |asked| match RIGHT.iter().find(|(known, _)| *known == asked) {
                Some((known, _)) if *known == name => value,
                found => found.map(|(_, value)| *value),
            },
            LEASE,
        )
    }

    #[test]
    fn a_right_queue_has_no_faults() {
        assert_eq!(with("FifoQueue", Some("true")), []);
        assert_eq!(with("VisibilityTimeout", Some("141")), []);
        let as_text = r#"{"maxReceiveCount":"1000","deadLetterTargetArn":"arn:aws:sqs:x:1:d.fifo"}"#;
        assert_eq!(with("RedrivePolicy", Some(as_text)), []);
    }

    #[test]
    fn each_attribute_is_checked() {
        let scope = |found: &str| [Fault::Scope { found: found.into() }];
        let throughput = |found: &str| [Fault::Throughput { found: found.into() }];
        assert_eq!(with("FifoQueue", None), [Fault::NotFifo]);
        assert_eq!(with("DeduplicationScope", Some("queue")), scope("queue"));
        assert_eq!(with("DeduplicationScope", None), scope("queue"));
        assert_eq!(with("FifoThroughputLimit", None), throughput("perQueue"));
        assert_eq!(with("VisibilityTimeout", Some("139")), [Fault::Visibility { found: "139".into(), least: 140 }]);
        assert_eq!(with("RedrivePolicy", None), [Fault::NoDeadLetters]);
        assert_eq!(with("RedrivePolicy", Some("{}")), [Fault::NoDeadLetters]);
        assert_eq!(with("RedrivePolicy", Some(r#"{"maxReceiveCount":5}"#)), [Fault::Receives { found: 5 }]);
    }

    #[test]
    fn whoever_reads_of_the_wrong_scope_learns_that_a_new_queue_is_needed() {
        let text = Fault::Scope { found: "queue".into() }.to_string();
        assert!(text.contains("fixed when a queue is created"), "{text}");
        assert!(text.contains("create a new queue"), "{text}");
    }
}
