//! Queues are those that `backend/src/aws/queue/check.rs` accepts, and private.

use serde_json::json;

use super::{Faults, expect};
use crate::template::{Template, refers_to, text};

const QUEUE: &str = "AWS::SQS::Queue";

/// As long as SQS keeps a message.
const RETENTION_MAX: u64 = 14 * 24 * 60 * 60;

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for (id, _) in template.of(QUEUE) {
        let is = |name: &str, value: serde_json::Value| *template.property(id, name) == value;
        let mut needs = |fine: bool, what: &str| expect(&mut faults, fine, || format!("{id}: {what}"));
        needs(is("FifoQueue", json!(true)), "it is not a FIFO queue");
        needs(
            text(template.property(id, "QueueName")).strip_suffix(".fifo").is_some(),
            "its name does not end in .fifo",
        );
        needs(is("DeduplicationScope", json!("messageGroup")), "DeduplicationScope is not messageGroup");
        needs(is("FifoThroughputLimit", json!("perMessageGroupId")), "FifoThroughputLimit is not perMessageGroupId");
        needs(is("SqsManagedSseEnabled", json!(true)), "it is not encrypted");
        needs(is("MessageRetentionPeriod", json!(RETENTION_MAX)), "it does not keep messages as long as it may");
    }
    let redrive = template.property("Orders", "RedrivePolicy");
    expect(&mut faults, redrive["maxReceiveCount"] == 1000, || "Orders: maxReceiveCount is not 1000".to_owned());
    let dead = refers_to(&redrive["deadLetterTargetArn"]);
    let is_queue = template.of(QUEUE).any(|(id, _)| Some(id) == dead && id != "Orders");
    expect(&mut faults, is_queue, || "Orders: its dead letters go to no queue of ours".to_owned());
    faults
}
