//! The promises of an attempt, against the simulators over HTTP.

mod bench;
mod carried;
mod together;
mod troubled;
mod held;
mod changed;
mod closed;
mod withdrawn;
mod refused;
mod stopped;
mod fulfilled;
mod moved;
mod sent;
mod later;
mod approved;
mod correct;
mod unusual;
mod tracked;
mod restored;
