//! Each function runs one of our three programs, built for the processor that the stack asks for.

use serde_json::json;

use super::{Faults, expect};
use crate::template::Template;

const PROGRAMS: [(&str, &str); 4] =
    [("Handler", "handler"), ("Worker", "worker"), ("Sweep", "worker"), ("Review", "review")];

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for (id, program) in PROGRAMS {
        let is = |name: &str, value: serde_json::Value| *template.property(id, name) == value;
        let mut needs = |fine: bool, what: &str| expect(&mut faults, fine, || format!("{id}: {what}"));
        needs(is("CodeUri", json!(format!("../target/lambda/{program}/"))), "it does not run its program");
        needs(is("Runtime", json!("provided.al2023")), "its runtime runs no program of ours");
        needs(is("Handler", json!("bootstrap")), "its program has another name");
        needs(is("Architectures", json!([{"Ref": "Architecture"}])), "it is for another processor");
        // The smallest at which TLS does not take most of the answer's time.
        let memory = template.property(id, "MemorySize").as_u64().unwrap_or_default();
        needs((256..=2048).contains(&memory), "its memory is none that was tried");
    }
    faults
}
