//! The kinds of work. Each is one file here: what one attempt at it does.

pub mod order;
