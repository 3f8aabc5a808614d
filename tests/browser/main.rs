//! The review application as people meet it: in a real browser, by keyboard, on a phone, in the dark, without scripts,
//! and with text that strangers wrote.
//!
//! Each test has a [`driver`] and a [`browser`] of its own and an [`office`] in this process: the router over a real
//! ledger, with work that waits. What is on a page, and how a person gets at it, stands once for each page in [`pages`].
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod driver;
mod browser;
mod barriers;
mod office;
mod pages;
mod signing_in;
mod deciding;
mod keys;
mod choosing;
mod looking;
mod reading;
mod merchant;
mod inert;
