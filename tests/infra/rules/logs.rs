//! Every function has a log that ends, in its own form, and requests are not logged by anybody else.

use super::{FUNCTIONS, Faults, expect};
use crate::template::{Template, refers_to, text};

const GROUP: &str = "AWS::Logs::LogGroup";

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for id in FUNCTIONS {
        let logging = template.property(id, "LoggingConfig");
        let group = refers_to(&logging["LogGroup"]).unwrap_or_default();
        let is_group = template.of(GROUP).any(|(known, _)| known == group);
        expect(&mut faults, is_group, || format!("{id}: it logs into no group of ours"));
        // In the other form the metrics in it would be text inside of JSON.
        expect(&mut faults, logging["LogFormat"] == "Text", || format!("{id}: its lines are wrapped"));
        let name = format!("/aws/lambda/lanekeeper-${{Stage}}-{}", id.to_lowercase());
        expect(&mut faults, text(template.property(group, "LogGroupName")) == name, || {
            format!("{group}: its name is not {name}, into which {id} may write")
        });
    }
    for (id, _) in template.of(GROUP) {
        let days = template.property(id, "RetentionInDays");
        let bounded = days.as_u64().is_some() || refers_to(days) == Some("LogDays");
        expect(&mut faults, bounded, || format!("{id}: it is kept for ever"));
    }
    for (id, stage) in template.of("AWS::ApiGatewayV2::Stage") {
        // ShipStation's notices come to addresses that end with a secret.
        expect(&mut faults, stage["Properties"]["AccessLogSettings"].is_null(), || format!("{id}: it logs addresses"));
    }
    faults
}
