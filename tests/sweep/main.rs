//! The crash sweep: the real program under `strace`, which lets one system call on the ledger's files go wrong a run: the
//! process is killed there, the disk is full, a sync fails. Then it is started again and everything is counted: what was
//! answered 2xx is in the ledger, each order is at the warehouse once, the file is whole.
//!
//! A run without a fault tells which calls there are ([`trace`]); every run's record has to show that no 2xx was sent
//! before the sync that made its webhook durable ([`order`]); and the record of one run is enough to make the files that a
//! power cut would have left at each of its points ([`power`]).
//!
//! `SWEEP=all cargo test -p lanekeeper --test sweep` takes every point; without it every n-th write and every sync is
//! taken, so that it ends in some minutes on two cores. `SWEEP_SEED=7` takes other writes.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod trace;
mod order;
mod tracer;
mod program;
mod stage;
mod story;
mod verdict;
mod points;
mod kinds;
mod power;
mod crashes;
mod first_start;
mod faults;
mod aimed;
