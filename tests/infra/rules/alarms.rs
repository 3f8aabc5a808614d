//! An alarm for everything that a person has to hear of, about a metric that exists, with a page that says what to do.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{FUNCTIONS, Faults, expect};
use crate::template::{FUNCTION, Template, refers_to};
use crate::tools::infra;

/// What the sweep tells of the ledger.
pub(crate) const OF_THE_SWEEP: [&str; 6] =
    ["OldestReadySeconds", "LanesStalled", "JobsWaiting", "JobsHeld", "JobsFailed", "WebhooksKeptAside"];

/// Metrics by what they are about.
pub(super) const METRICS: [(&str, &[&str], &[&str]); 6] = [
    ("Lanekeeper", &["Stage"], &OF_THE_SWEEP),
    ("AWS/Lambda", &["FunctionName"], &["Errors", "Throttles", "Duration", "Invocations"]),
    (
        "AWS/SQS",
        &["QueueName"],
        &["ApproximateNumberOfMessagesVisible", "NumberOfMessagesSent", "NumberOfMessagesReceived"],
    ),
    (
        "AWS/DynamoDB",
        &["TableName"],
        &[
            "ReadThrottleEvents",
            "WriteThrottleEvents",
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
            "TransactionConflict",
        ],
    ),
    ("AWS/DynamoDB", &["TableName", "GlobalSecondaryIndexName"], &["WriteThrottleEvents"]),
    ("AWS/ApiGateway", &["ApiId"], &["Count", "4xx", "5xx", "Latency"]),
];

/// What has to have an alarm.
const NEEDED: [(&str, &str, usize); 9] = [
    // Too old, and not told at all.
    ("Lanekeeper", "OldestReadySeconds", 2),
    ("Lanekeeper", "LanesStalled", 1),
    ("AWS/ApiGateway", "5xx", 1),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", 1),
    ("AWS/Lambda", "Errors", FUNCTIONS.len()),
    ("AWS/Lambda", "Throttles", FUNCTIONS.len()),
    ("AWS/DynamoDB", "ReadThrottleEvents", 1),
    ("AWS/DynamoDB", "TransactionConflict", 1),
    // Of the table and its three indexes.
    ("AWS/DynamoDB", "WriteThrottleEvents", 4),
];

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let runbook = std::fs::read_to_string(infra().join("README.md")).unwrap();
    let mut told: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (id, alarm) in template.of("AWS::CloudWatch::Alarm") {
        let alarm = &alarm["Properties"];
        let (of, metric) = (alarm["Namespace"].as_str(), alarm["MetricName"].as_str());
        let (of, metric) = (of.unwrap_or_default(), metric.unwrap_or_default());
        *told.entry((of, metric)).or_default() += 1;
        let dimensions: Vec<_> = alarm["Dimensions"].as_array().into_iter().flatten().collect();
        let names: Vec<_> = dimensions.iter().filter_map(|dimension| dimension["Name"].as_str()).collect();
        expect(&mut faults, is_known(of, metric, &names), || format!("{id}: there is no {of} {metric} of {names:?}"));
        for dimension in dimensions {
            let is_ours = is_about_us(template, dimension);
            expect(&mut faults, is_ours, || format!("{id}: it is about {dimension}, which is not ours"));
        }
        let heading = alarm["AlarmDescription"].as_str().and_then(|words| words.split('"').nth(1)).unwrap_or_default();
        let known = !heading.is_empty() && runbook.lines().any(|line| line == format!("### {heading}"));
        expect(&mut faults, known, || format!("{id}: the runbook has nothing under \"{heading}\""));
        let topic = &alarm["AlarmActions"]["Fn::If"];
        let heard = topic[0] == "Told" && refers_to(&topic[1][0]) == Some("AlarmTopic");
        expect(&mut faults, heard, || format!("{id}: nobody hears of it"));
        let silence = &alarm["TreatMissingData"];
        let missing = alarm["ComparisonOperator"] == "LessThanThreshold";
        let expected = if missing { "breaching" } else { "notBreaching" };
        expect(&mut faults, silence == expected, || format!("{id}: silence is taken for {silence}"));
    }
    for (of, metric, times) in NEEDED {
        let found = told.get(&(of, metric)).copied().unwrap_or_default();
        expect(&mut faults, found == times, || format!("{found} alarms are about {of} {metric}, not {times}"));
    }
    faults
}

/// Whether a metric exists for what has these dimensions.
pub(super) fn is_known(of: &str, metric: &str, dimensions: &[&str]) -> bool {
    METRICS.iter().any(|(known, about, names)| *known == of && *about == dimensions && names.contains(&metric))
}

fn is_about_us(template: &Template, dimension: &Value) -> bool {
    let value = &dimension["Value"];
    let from = refers_to(value).unwrap_or_default();
    let is = |kind: &str| template.of(kind).any(|(id, _)| id == from);
    match dimension["Name"].as_str().unwrap_or_default() {
        "Stage" => from == "Stage",
        "FunctionName" => is(FUNCTION),
        "ApiId" => from == "Webhooks",
        "QueueName" => from == "DeadLetters" && value["Fn::GetAtt"][1] == "QueueName",
        "TableName" => refers_to(&value["Fn::If"][2]) == Some("Ledger"),
        "GlobalSecondaryIndexName" => {
            let indexes = template.property("Ledger", "GlobalSecondaryIndexes").as_array().into_iter().flatten();
            indexes.into_iter().any(|index| index["IndexName"] == *value)
        }
        _ => false,
    }
}
