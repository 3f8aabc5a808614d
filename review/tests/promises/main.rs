//! The promises of the review application, held to it over its router and a real ledger on a temporary file.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod office;
mod access;
mod decisions;
mod conflicts;
mod repeats;
mod lanes;
mod lists;
mod pages;
mod many;
mod kept;
mod forgery;
mod text;
mod merchant;
mod trouble;
mod undone;
