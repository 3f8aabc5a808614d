//! The deployment on AWS (`infra/`): linters accept the template, it is what the program needs, the pages say what it says,
//! and it is deployed into a stand-in, where an order goes through.
//!
//! `tools` (Python, the linters, a client) → `template` (as JSON) → `rules` (what linters do not know), each broken once in
//! `broken` → `deployed`.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod tools;
mod template;
mod linted;
mod rules;
mod broken;
mod deployed;
