//! The ledger's figures as one line of the log from which `CloudWatch` makes metrics (*Amazon `CloudWatch` User Guide:
//! Specification: Embedded metric format*). They go to standard output, where nothing else goes.

use std::io::Write as _;

use ::lane::clock::{Timestamp, until};
use ::lane::state::StateKind;
use ::lane::view::Figures;
use serde_json::{Value, json};

/// Under which the metrics stand.
const NAMESPACE: &str = "Lanekeeper";

/// The variable that names the stage, the metrics' one dimension: each further one would be paid for by metric.
const STAGE: &str = "LANEKEEPER_STAGE";

/// Tells them. That nobody takes the line loses nothing but the line.
pub(crate) fn tell(figures: &Figures, now: Timestamp) {
    let stage = std::env::var(STAGE).unwrap_or_else(|_| "prod".to_owned());
    let _ = writeln!(std::io::stdout().lock(), "{}", line(figures, &stage, now));
}

fn line(figures: &Figures, stage: &str, now: Timestamp) -> Value {
    let jobs = |state| figures.jobs.iter().find(|(known, _)| *known == state).map_or(0, |(_, count)| *count);
    let oldest = figures.oldest_ready.map(|since| until(since, now)).unwrap_or_default();
    let stalled: u64 = figures.stalled.iter().map(|(_, count)| count).sum();
    let kept = figures.webhooks.iter().find(|(outcome, _)| outcome == "quarantined").map_or(0, |(_, count)| *count);
    let count = |name: &str| json!({ "Name": name, "Unit": "Count" });
    json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Stage"]],
                "Metrics": [
                    { "Name": "OldestReadySeconds", "Unit": "Seconds" },
                    count("LanesStalled"), count("JobsWaiting"), count("JobsHeld"), count("JobsFailed"),
                    count("WebhooksKeptAside"),
                ],
            }],
        },
        "Stage": stage,
        "OldestReadySeconds": oldest.as_secs_f64(),
        "LanesStalled": stalled,
        "JobsWaiting": jobs(StateKind::Waiting),
        "JobsHeld": jobs(StateKind::Held),
        "JobsFailed": jobs(StateKind::Failed),
        "WebhooksKeptAside": kept,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_that_is_declared_has_its_figure() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let figures = Figures {
            jobs: vec![(StateKind::Held, 3), (StateKind::Waiting, 7)],
            oldest_ready: Some("2026-11-22T09:59:00Z".parse().unwrap()),
            stalled: vec![("token_refused".to_owned(), 1), ("provider".to_owned(), 1)],
            webhooks: vec![("quarantined".to_owned(), 5), ("new".to_owned(), 9)],
        };
        let line = line(&figures, "test", now);
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        let told: Vec<(&str, f64)> = metrics
            .iter()
            .map(|metric| metric["Name"].as_str().unwrap())
            .map(|name| (name, line[name].as_f64().unwrap()))
            .collect();
        let expected = [
            ("OldestReadySeconds", 60.0),
            ("LanesStalled", 2.0),
            ("JobsWaiting", 7.0),
            ("JobsHeld", 3.0),
            ("JobsFailed", 0.0),
            ("WebhooksKeptAside", 5.0),
        ];
        assert_eq!(told, expected);
        assert_eq!(line["_aws"]["Timestamp"], json!(1_795_341_600_000_i64));
    }
}
