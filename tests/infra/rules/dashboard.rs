//! The dashboard shows metrics that exist.

use serde_json::Value;

use super::alarms::is_known;
use super::{Faults, expect};
use crate::template::{Template, text};

/// Fewer charts than this would not show webhooks, wake-ups, functions, table and what waits for people.
const CHARTS_LEAST: usize = 8;

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let body: Value = serde_json::from_str(text(template.property("Dashboard", "DashboardBody"))).unwrap_or_default();
    let charts: Vec<_> = body["widgets"].as_array().into_iter().flatten().map(|widget| &widget["properties"]).collect();
    expect(&mut faults, charts.len() >= CHARTS_LEAST, || format!("it has {} charts", charts.len()));
    for chart in charts {
        let metrics: Vec<_> = chart["metrics"].as_array().into_iter().flatten().collect();
        expect(&mut faults, !metrics.is_empty(), || format!("{} is empty", chart["title"]));
        for metric in metrics {
            let words: Vec<_> = metric.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let known = words.len() >= 4 && {
                let names: Vec<_> = words[2..].iter().step_by(2).copied().collect();
                is_known(words[0], words[1], &names)
            };
            expect(&mut faults, known, || format!("there is no metric {metric}"));
        }
    }
    faults
}
