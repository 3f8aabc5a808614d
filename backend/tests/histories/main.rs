//! Random histories of port calls with crashes in between, against a reference ledger (`backend::contract::histories`).
//!
//! The build plays the same histories each time; `HISTORIES=5000 cargo test -p backend --test histories` plays as many
//! new ones. A history that finds something is cut down and printed, together with a line `cc …`: its seed, which is also
//! written to `tests/histories/found.txt` and from there played again before all others.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod writing;
mod embedded;
mod table;
mod moving;
