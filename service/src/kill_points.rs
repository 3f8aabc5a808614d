//! Killing points: in a test build `LANEKEEPER_KILL_AT=name` ends the process with SIGKILL when it reaches the point
//! of that name, `name:3` when it reaches it for the third time. So crash tests kill the program at the one moment
//! that matters, without a chance to tidy up.
//!
//! A build without killing points refuses the variable: a crash test against it would prove nothing.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, bail};
use rustix::process::{Signal, getpid, kill_process};

use crate::config::Env;

const VARIABLE: &str = "LANEKEEPER_KILL_AT";

/// Arms the point that the environment names, if it names one.
pub fn arm(env: Env<'_>) -> anyhow::Result<()> {
    let Some(text) = env(VARIABLE) else { return Ok(()) };
    if !fail::has_failpoints() {
        bail!("{VARIABLE} is set, but this program was built without killing points; unset it");
    }
    let (name, nth) = parse(&text)?;
    let hits = AtomicU32::new(0);
    fail::cfg_callback(name, move || {
        if hits.fetch_add(1, Ordering::SeqCst) + 1 == nth.get() {
            die();
        }
    })
    .map_err(|error| anyhow::anyhow!("{VARIABLE} cannot be armed: {error}"))
}

fn parse(text: &str) -> anyhow::Result<(&str, NonZeroU32)> {
    match text.split_once(':') {
        None => Ok((text, NonZeroU32::MIN)),
        Some((name, nth)) => {
            let nth = nth.parse().with_context(|| format!("{VARIABLE} is written name or name:N"))?;
            Ok((name, nth))
        }
    }
}

/// SIGKILL is delivered before the call returns to this thread, so nothing after the point happens.
fn die() {
    if kill_process(getpid(), Signal::KILL).is_err() {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_name_and_perhaps_the_hit_that_counts() {
        assert_eq!(parse("worker.after_begin").unwrap(), ("worker.after_begin", NonZeroU32::MIN));
        assert_eq!(parse("ledger.commit:3").unwrap().1.get(), 3);
        for bad in ["x:0", "x:", "x:many"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_is_armed_unless_asked() {
        assert!(arm(&|_| None).is_ok());
    }

    #[test]
    fn test_builds_have_killing_points() {
        assert!(fail::has_failpoints());
    }
}
