//! The protocol as a model: everything that can happen to one lane within stated bounds is tried, in every order.
//!
//! # For whoever sees this for the first time
//!
//! Tests try some orders of events. Here [stateright](https://docs.rs/stateright) tries all of them: it starts with an
//! empty [`world::World`], does each thing that may happen there ([`model::Action`]), and goes on from each world that it
//! has not seen before, until there is none. In every world it asks whether the [`promises`] hold. If one does not, it
//! prints the shortest way there that it found, step by step; read it from the top, it is a story.
//!
//! The world: a shop that changes and cancels its orders, the ledger with one lane and up to three jobs, the queue, the
//! warehouse, two workers, and a person before a page that may be old. The faults: workers die after any step, go on
//! although their lease has run out (*zombies*), wake-ups are lost or doubled, the warehouse takes a write and does
//! not answer, or refuses it. How often each may happen is bounded ([`rules::Bounds`]); when it happens is not.
//!
//! # What is real and what is re-told
//!
//! | real: called as the program calls it | re-told, from |
//! |---|---|
//! | `Job`: accept, hear, begin, complete, disturb, decide, question, accepts, send, `in_line` | the ledger's writes around them (`backend`, `work`, `sweep`, `desk`, `intake`): [`ledger`] |
//! | every move between states (`step`) behind those | the run of a lane (`worker::lane`): [`worker`] |
//! | `LaneState`: lease, honours, release; `pick` | the course of an attempt (`worker::jobs::order`): [`attempt`], [`course`] |
//! | `Qualification::judge`, `Reach` and what a disturbance makes of it, `DedupId` | queue, shop, warehouse and person, each a few lines |
//!
//! So a change in `lane` that breaks the protocol fails here. A change in what is re-told has to be made here as well.
//!
//! Left out: bursts (several jobs begun in one write), pauses, orders that the warehouse imports by itself or has shipped,
//! redaction, attempts that are used up, and a shop whose API is behind its webhooks. The bounds lie below the deaths that
//! pause a lane and the attempts that use a job up.
//!
//! # What makes it finite
//!
//! * Time is not counted: that a time comes (a lease ends, a retry is due, a wake-up shows again) is a step of its own, at
//!   any moment. More orders are explored than real durations allow, with one exception: a wake-up stays hidden longer
//!   than its worker's lease lasts, unless a doubling is spent on it.
//! * Wake-ups of a lane are alike, so only their number counts, up to two that wait. Deduplication never forgets, which is
//!   the worst case.
//! * What cannot make two worlds behave differently does not tell them apart: [`print`].
//! * Orders arrive in the order of their numbers; a write and the send behind it are one step in which the send may be
//!   lost, because a late send is no more than a late receive.
//!
//! # That nothing gets stuck
//!
//! From every world some way without a fault, a stranger or a person must lead to one where each job has ended or waits
//! for a person: [`progress`].
//!
//! # What it shows
//!
//! [`scenarios`] hold the protocol with all its rules. [`switches`] take out one rule at a time, and fail if the model does
//! not notice. Both assert that work was done: all jobs done, one approved and then done, a late write refused, a
//! lost wake-up made good. `--nocapture` prints how many worlds each has:
//!
//! | within these bounds (one of each unless told) | jobs | worlds | steps |
//! |---|---|---|---|
//! | two crashes, loss, newer version | 3 | 59,266 | 189,680 |
//! | zombie, newer version | 3 | 142,056 | 379,666 |
//! | doubled wake-up, loss, short run or wait for the limiter, newer version | 3 | 95,508 | 324,538 |
//! | doubtful order, two looks, newer version, cancel, loss | 3 | 298,244 | 1,644,336 |
//! | newer version is doubtful, cancel, look, crash | 2 | 113,599 | 421,622 |
//! | newer version is doubtful, lost answer, refusal, look | 3 | 181,799 | 651,172 |
//! | doubtful order, look, zombie, two newer versions | 1 | 182,827 | 813,612 |
//!
//! Two larger ones are ignored by default:
//! `cargo test -p lane --test protocol -- --ignored --nocapture --test-threads 1 more`.
//!
//! One thing is not promised, and a test shows it: a zombie whose write goes through after somebody else had taken the
//! lane, and that dies before it can say so, leaves its old bytes. Calls only start if their deadline lies inside the
//! lease, so the program has to be frozen between that look and the send, and killed when it thaws.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod rules;
mod world;
mod print;
mod ledger;
mod attempt;
mod course;
mod worker;
mod person;
mod model;
mod promises;
mod progress;
mod explore;
mod scenarios;
mod switches;
