//! How the queue wakes the worker. The service refuses some of this only when the stack is deployed.

use serde_json::{Value, json};

use super::{Faults, expect};
use crate::template::{FUNCTION, Template, each, refers_to};

/// What a FIFO queue may hand to a function at once, and what the worker is to get: a batch fails as one.
const BATCH_MAX: u64 = 10;
const BATCH: u64 = 1;

/// The fewest and the most runs at once that a mapping may be given.
const CONCURRENCY: std::ops::RangeInclusive<u64> = 2..=1000;

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let mut mapped = Vec::new();
    for (id, function) in template.of(FUNCTION) {
        for event in function["Properties"]["Events"].as_object().into_iter().flat_map(|events| events.values()) {
            if event["Type"] == "SQS" {
                mapped.push(id);
                judge(template, id, &event["Properties"], &mut faults);
            }
        }
    }
    expect(&mut faults, mapped == ["Worker"], || format!("the queue wakes {mapped:?}, not the worker alone"));
    faults
}

fn judge(template: &Template, id: &str, mapping: &Value, faults: &mut Faults) {
    let mut needs = |fine: bool, what: String| expect(faults, fine, || format!("{id}: {what}"));
    needs(refers_to(&mapping["Queue"]) == Some("Orders"), "it is not woken by the queue Orders".to_owned());
    let batch = mapping["BatchSize"].as_u64();
    needs(batch.is_some_and(|n| n <= BATCH_MAX), format!("a batch of {batch:?} is more than a FIFO queue gives"));
    needs(batch == Some(BATCH), format!("a batch of {batch:?} is not one message"));
    needs(mapping["MaximumBatchingWindowInSeconds"].is_null(), "a FIFO queue has no batching window".to_owned());
    let reports = each(&mapping["FunctionResponseTypes"]).any(|kind| kind == "ReportBatchItemFailures");
    needs(reports, "it does not report what failed".to_owned());
    needs(mapping["Enabled"].is_null() || mapping["Enabled"] == json!(true), "it is switched off".to_owned());
    let most = &mapping["ScalingConfig"]["MaximumConcurrency"];
    let least = template.least(most);
    needs(least.is_some_and(|n| CONCURRENCY.contains(&n)), format!("at least {least:?} runs at once are not allowed"));
    let parameter = most["Ref"].as_str().map(|name| &template.0["Parameters"][name]["MaxValue"]);
    let bounded = parameter.is_none_or(|most| most.as_u64().is_some_and(|n| CONCURRENCY.contains(&n)));
    needs(bounded, "more runs at once could be asked for than are allowed".to_owned());
    // Runs beyond it would be throttled, and each throttle counts as a receive.
    needs(template.property(id, "ReservedConcurrentExecutions").is_null(), "its runs are reserved".to_owned());
}
