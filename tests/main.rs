//! The promises, end to end: the real program as a process of its own, over HTTP, against simulators that remember
//! every call and every effect. What the simulators did not see did not happen.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "tests on AWS use more of it")]
mod world;
mod sequence;
mod answers;
mod deciding;
mod changes;
mod faults;
mod garbled;
mod storms;
mod midway;
mod bulk;
mod restored;
mod ended;
#[cfg(target_os = "linux")]
mod frozen;
mod odd_orders;
mod terms;
mod orders;
mod topics;
mod later;
mod tracking;
mod correcting;
mod together;
mod forgotten;
mod crashes;
mod lost_answers;
mod repeated;
mod storage;
mod migrations;
mod hostile;
mod crowds;
mod machine;
mod said;
mod seen;
mod commands;
mod readme;

/// One program over one file.
const HOME: world::Home = world::Home::Machine;
