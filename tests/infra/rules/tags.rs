//! Whatever can bear a tag bears the stage's, so that the bill can be told by stage.

use serde_json::json;

use super::{Faults, expect};
use crate::template::{FUNCTION, Template};

/// Kinds that have no tags: what belongs to something that has, and the dashboard.
const BARE: [&str; 6] = [
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::ManagedPolicy",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
];

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let stage = json!({"Ref": "Stage"});
    for (id, resource) in template.resources() {
        let kind = resource["Type"].as_str().unwrap_or_default();
        let tags = template.property(id, "Tags");
        let listed = tags.as_array().is_some_and(|tags| tags.contains(&json!({"Key": "lanekeeper", "Value": stage})));
        let fine = BARE.contains(&kind) || listed || tags["lanekeeper"] == stage;
        expect(&mut faults, fine, || format!("{id}: it does not bear the stage's tag"));
    }
    expect(&mut faults, template.of(FUNCTION).count() == super::FUNCTIONS.len(), || "functions are missing".to_owned());
    faults
}
