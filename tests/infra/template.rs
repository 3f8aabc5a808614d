//! The template as JSON, with short forms such as `!Ref` written out.

use std::sync::LazyLock;

use serde_json::Value;

use crate::tools::{infra, tool};

const DECODE: &str = "\
import json, sys
from cfnlint.decode import decode
template, faults = decode(sys.argv[1])
assert not faults, faults
json.dump(template, sys.stdout)
";

static READ: LazyLock<Value> = LazyLock::new(|| {
    let output = tool("python").args(["-c", DECODE]).arg(infra().join("template.yaml")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
});

/// A template.
#[derive(Debug, Clone)]
pub(crate) struct Template(pub(crate) Value);

pub(crate) const FUNCTION: &str = "AWS::Serverless::Function";

impl Template {
    /// The one in the tree.
    pub(crate) fn ours() -> Self {
        Self(READ.clone())
    }

    /// All resources by their names in the template.
    pub(crate) fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0["Resources"].as_object().into_iter().flatten().map(|(id, resource)| (id.as_str(), resource))
    }

    /// Resources of one kind.
    pub(crate) fn of(&self, kind: &str) -> impl Iterator<Item = (&str, &Value)> {
        self.resources().filter(move |(_, resource)| resource["Type"] == kind)
    }

    /// A property of a resource; of a function also what all functions have.
    pub(crate) fn property(&self, id: &str, name: &str) -> &Value {
        let own = &self.0["Resources"][id]["Properties"][name];
        let is_function = self.0["Resources"][id]["Type"] == FUNCTION;
        if own.is_null() && is_function { &self.0["Globals"]["Function"][name] } else { own }
    }

    /// What a number is at least: a parameter's smallest value.
    pub(crate) fn least(&self, value: &Value) -> Option<u64> {
        let parameter = value.get("Ref").and_then(Value::as_str);
        parameter.map_or_else(|| value.as_u64(), |name| self.0["Parameters"][name]["MinValue"].as_u64())
    }
}

/// The resource or parameter that a value is taken from, directly.
pub(crate) fn refers_to(value: &Value) -> Option<&str> {
    value.get("Ref").or_else(|| value.get("Fn::GetAtt")?.get(0)).and_then(Value::as_str)
}

/// A text as it is written, with the names in it.
pub(crate) fn text(value: &Value) -> &str {
    let sub = value.get("Fn::Sub").map_or(value, |sub| sub.get(0).unwrap_or(sub));
    sub.as_str().unwrap_or_default()
}

/// One value, or each of a list.
pub(crate) fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter().filter(|value| !value.is_null())
}
