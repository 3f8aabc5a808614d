//! What the internet reaches: the handler's three routes, and the whole of the review.

use super::{Faults, expect};
use crate::template::{Template, refers_to, text};

const ROUTES: [(&str, &str); 4] = [
    ("Pages", "$default"),
    ("Webhooks", "GET /health/live"),
    ("Webhooks", "POST /webhooks/shipstation/{proxy+}"),
    ("Webhooks", "POST /webhooks/shopify"),
];

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let mut routes: Vec<_> = template
        .of("AWS::ApiGatewayV2::Route")
        .map(|(id, _)| {
            let key = template.property(id, "RouteKey").as_str().unwrap_or_default();
            (refers_to(template.property(id, "ApiId")).unwrap_or_default(), key)
        })
        .collect();
    routes.sort_unstable();
    expect(&mut faults, routes == ROUTES, || format!("the routes are {routes:?}"));
    for (id, _) in template.of("AWS::ApiGatewayV2::Integration") {
        // The program reads the second format.
        let version = template.property(id, "PayloadFormatVersion");
        expect(&mut faults, version == "2.0", || format!("{id}: its events have the format {version}"));
    }
    for (id, _) in template.of("AWS::ApiGatewayV2::Stage") {
        let limit = &template.property(id, "DefaultRouteSettings")["ThrottlingRateLimit"];
        expect(&mut faults, template.least(limit).is_some(), || format!("{id}: nothing bounds what comes in"));
        let name = text(template.property(id, "StageName"));
        // Any other name would stand in front of the paths that the program knows.
        expect(&mut faults, name == "$default", || format!("{id}: its name {name} is part of every path"));
    }
    for (id, permission) in template.of("AWS::Lambda::Permission") {
        let source = text(&permission["Properties"]["SourceArn"]);
        let narrow = source.contains("${Webhooks}/$default/") || source.contains("${Pages}/$default/");
        expect(&mut faults, narrow, || format!("{id}: more than our API may call the function"));
    }
    faults
}
