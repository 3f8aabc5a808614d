//! What every service has around its work, in the order in which a start goes through it: settings, log, signals, the
//! backend on AWS, the listener, and whether it is ready.

pub mod config;
#[cfg(feature = "programs")]
pub mod settings;
#[cfg(feature = "programs")]
pub mod logs;
#[cfg(feature = "programs")]
pub mod kill_points;
#[cfg(feature = "programs")]
pub mod signals;
#[cfg(feature = "programs")]
pub mod handles;
#[cfg(feature = "programs")]
pub mod start;
#[cfg(feature = "programs")]
pub mod aws;
#[cfg(feature = "programs")]
pub mod serve;
#[cfg(feature = "programs")]
pub mod health;
#[cfg(feature = "programs")]
pub mod figures;
