//! Secrets are named, never given: not in the environment of a function, not in the settings, not as a parameter.

use super::{FUNCTIONS, Faults, expect};
use crate::template::{Template, text};

/// All that stands in a function's environment.
const VARIABLES: [&str; 3] = ["LANEKEEPER_CONFIG", "LANEKEEPER_RELEASE", "LANEKEEPER_STAGE"];

/// Keys of the settings whose values are references.
const KEYS: [&str; 4] = ["key", "secret", "notify_secret", "shopify_secrets"];

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for id in FUNCTIONS {
        let both = [&template.0["Globals"]["Function"], &template.0["Resources"][id]["Properties"]];
        let variables = both.iter().filter_map(|at| at["Environment"]["Variables"].as_object());
        for (name, value) in variables.flatten() {
            expect(&mut faults, VARIABLES.contains(&name.as_str()), || format!("{id}: its environment has {name}"));
            let named = name != "LANEKEEPER_CONFIG" || text(value) == "ssm:${Settings}";
            expect(&mut faults, named, || format!("{id}: its settings are not those of the stack"));
        }
        expect(&mut faults, template.property(id, "Tracing").is_null(), || format!("{id}: traces keep addresses"));
    }
    for (name, parameter) in template.0["Parameters"].as_object().into_iter().flatten() {
        let hidden = !parameter["NoEcho"].is_null();
        expect(&mut faults, !hidden, || format!("the parameter {name} is a secret; name where it lies instead"));
    }
    let settings = template.property("Settings", "Value");
    let written = [text(settings), text(&settings["Fn::Sub"][1]["Warehouses"]["Fn::If"][2])].join("\n");
    let mut told = 0;
    for (key, value) in written.lines().filter_map(|line| line.split_once(" = ")) {
        if KEYS.contains(&key) {
            told += 1;
            let reference = value.starts_with("\"ssm:/lanekeeper/${Stage}/") || value == "${Secrets}";
            expect(&mut faults, reference, || format!("the settings give the secret {key} itself"));
        }
    }
    expect(&mut faults, told == 3, || format!("the settings name {told} secrets"));
    let shopify = text(&settings["Fn::Sub"][1]["Secrets"]["Fn::If"][2]);
    expect(&mut faults, shopify.starts_with("[\"ssm:/lanekeeper/${Stage}/"), || {
        "the settings give Shopify's secret itself".to_owned()
    });
    expect(&mut faults, template.property("Settings", "Type") == "String", || {
        "the settings have to be a plain parameter; secrets are not in them".to_owned()
    });
    faults
}
