//! The domain of Lanekeeper, pure: no IO, no runtime, no provider and no cloud types.
//!
//! The ledger says what is next; the queue says who may work now. This crate holds the words of that sentence: the
//! [`job::Job`] and its states, the moves between them, what an attempt may report, what travels in the queue, and
//! the [`ports`] through which the services reach whichever backend keeps the ledger and the queue. Both backends
//! apply the functions of this crate inside one atomic write, so that they cannot disagree about what a move means.
#![warn(missing_docs)]

pub mod id;
pub mod clock;
pub mod money;
pub mod policy;
pub mod marks;
pub mod carriage;
pub mod shop;
pub mod privacy;
pub mod webhook;
pub mod hold;
pub mod rules;
pub mod outcome;
pub mod state;
pub mod job;
pub mod attempt;
pub mod decision;
pub mod line;
pub mod retry;
pub mod wake_up;
pub mod history;
pub mod operator;
pub mod view;
pub mod ports;
