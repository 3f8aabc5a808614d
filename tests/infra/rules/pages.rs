//! The page about the stack says what every parameter and every output is.

use super::{Faults, expect};
use crate::template::Template;
use crate::tools::infra;

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let page = std::fs::read_to_string(infra().join("README.md")).unwrap();
    for part in ["Parameters", "Outputs"] {
        for name in template.0[part].as_object().into_iter().flat_map(|all| all.keys()) {
            let row = format!("| `{name}` |");
            expect(&mut faults, page.lines().any(|line| line.starts_with(&row)), || {
                format!("{part}: no row for {name}")
            });
        }
    }
    faults
}
