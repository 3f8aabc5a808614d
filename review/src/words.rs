//! Plain words for what the ledger keeps: how a job stands, why a lane stands still, what happened and how long ago.

mod standing;
mod timeline;
pub(crate) mod merchant;

use lane::clock::{Timestamp, until};
use lane::decision::Verdict;
use lane::outcome::Trouble;
use lane::view::{LaneStatus, LaneView, Recorded};

pub(crate) use standing::{changed, goes, impossible, job, too_late};
pub(crate) use timeline::tell;

/// A longer text in an order was not written for people, and would hide the rest of the page.
const SHOWN_CHARS_MAX: usize = 2000;

/// A fragment as a sentence of its own. A name it begins with (`shipstation/main`, `#1001`) stays as it is.
pub(crate) fn sentence(fragment: &str) -> String {
    let end = if fragment.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    let word = fragment.split(' ').next().unwrap_or_default();
    let mut chars = fragment.chars();
    match chars.next() {
        Some(first) if word.chars().all(char::is_alphabetic) => {
            format!("{}{}{end}", first.to_uppercase(), chars.as_str())
        }
        Some(_) | None => format!("{fragment}{end}"),
    }
}

/// A moment, for people anywhere.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A moment to the second, where things follow each other quickly.
pub(crate) fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How long something has lasted: exact enough to know what is urgent.
pub(crate) fn lasted(since: Timestamp, now: Timestamp) -> String {
    let minutes = until(since, now).as_secs() / 60;
    let (hours, days) = (minutes / 60, minutes / (60 * 24));
    match (days, hours, minutes) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (1, hours, _) => format!("1 day {} h", hours % 24),
        (days, hours, _) => format!("{days} days {} h", hours % 24),
    }
}

/// Text from an order as a page shows it. What turns the direction of writing or moves the cursor could make one
/// figure look like another, so it is replaced.
pub(crate) fn shown(text: &str) -> String {
    let visible = |c: char| {
        let turns = matches!(c,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns || (c.is_control() && c != '\n') { '\u{fffd}' } else { c }
    };
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).map(visible).collect();
    if text.chars().count() > SHOWN_CHARS_MAX {
        shown.push('…');
    }
    shown
}

/// What happened at a provider.
pub(crate) fn trouble(error: &Trouble) -> String {
    format!("{}: {}", error.at, error.words)
}

/// How a lane stands, and why.
pub(crate) fn lane(view: &LaneView) -> String {
    let head = |job: &lane::id::JobId| match &view.head {
        Some((id, number)) if id == job => shown(number),
        Some(_) | None => format!("job {job}"),
    };
    match &view.status {
        LaneStatus::Idle if view.depth == 0 => "nothing to do".to_owned(),
        LaneStatus::Idle => format!("nothing is ready; {} in line wait for their time, or for a person", view.depth),
        LaneStatus::Running { .. } => "a worker is on it".to_owned(),
        LaneStatus::Waiting => "work is ready and will be taken up".to_owned(),
        LaneStatus::Throttled(rest) => {
            format!("{}; it goes on at {}", rest.why, moment(rest.until))
        }
        LaneStatus::Retrying { job, until } => {
            format!("{} failed and is tried again at {}; nothing may pass it", head(job), moment(*until))
        }
        LaneStatus::Blocked { job } => {
            format!("{} waits for a person and nothing may pass it", head(job))
        }
        LaneStatus::Paused(pause) => {
            let by = pause.by.as_ref().map(|by| format!(" ({by})")).unwrap_or_default();
            let end = pause.until.map(|at| format!("; it goes on at {}", moment(at)));
            format!("{}{by}{}", pause.why.words(), end.unwrap_or_default())
        }
    }
}

/// A verdict, done.
pub(crate) fn past(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approved",
        Verdict::Reject => "rejected",
        Verdict::Retry => "retried",
    }
}

/// A decision that came first.
pub(crate) fn decided(winner: &Recorded) -> String {
    let note = if winner.note.is_empty() { String::new() } else { format!(", noting “{}”", shown(&winner.note)) };
    format!("it was {} already, by {} at {}{note}", past(winner.verdict), shown(winner.by.as_str()), moment(winner.at))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lane::clock::after;

    use super::*;

    #[test]
    fn how_long_something_lasted_is_said_in_the_two_units_that_matter() {
        let start = Timestamp::UNIX_EPOCH;
        let said = [0, 59, 60, 12 * 60, 125 * 60, 26 * 3600, 75 * 3600 + 59]
            .map(|seconds| lasted(start, after(start, Duration::from_secs(seconds))));
        let expected =
            ["less than a minute", "less than a minute", "1 min", "12 min", "2 h 5 min", "1 day 2 h", "3 days 3 h"];
        assert_eq!(said, expected);
        assert_eq!(lasted(after(start, Duration::from_secs(9)), start), "less than a minute");
    }

    #[test]
    fn a_fragment_becomes_a_sentence_once() {
        assert_eq!(sentence("the total is above"), "The total is above.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence("élan vital"), "Élan vital.");
        assert_eq!(sentence("shipstation/main refuses"), "shipstation/main refuses.");
        assert_eq!(sentence("#1001 failed"), "#1001 failed.");
        assert_eq!(sentence("…"), "…");
    }

    #[test]
    fn text_that_turns_the_direction_of_writing_is_made_visible() {
        assert_eq!(shown("total \u{202e}001\u{202c}"), "total \u{fffd}001\u{fffd}");
        assert_eq!(shown("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb\nc");
        assert_eq!(shown(&"x".repeat(2001)), format!("{}…", "x".repeat(2000)));
    }
}
