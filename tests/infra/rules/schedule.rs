//! The sweep comes every minute.

use super::{Faults, expect};
use crate::template::Template;

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let events = template.property("Sweep", "Events").as_object().into_iter().flat_map(|events| events.values());
    let schedules: Vec<_> = events.filter(|event| event["Type"] == "Schedule").collect();
    let [schedule] = schedules[..] else {
        return vec![format!("the sweep has {} schedules", schedules.len())];
    };
    let given = &schedule["Properties"];
    expect(&mut faults, given["Schedule"] == "rate(1 minute)", || "it does not come every minute".to_owned());
    let input = given["Input"].as_str().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    expect(&mut faults, input == Some(serde_json::json!({"lanekeeper": "sweep"})), || {
        "its input is not the one that the worker's program takes for a sweep".to_owned()
    });
    let again = &template.property("Sweep", "EventInvokeConfig")["MaximumRetryAttempts"];
    expect(&mut faults, *again == 0, || "a sweep that failed is repeated beside the next one".to_owned());
    faults
}
