//! `ShipStation`'s times: all of them Pacific, none of them says so.
//!
//! A time that comes with an offset is converted. The documentation only knows times without one; that those with
//! one are converted is our choice, and a caller should not lean on it.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Seven digits behind the second, as .NET writes them.
const WRITTEN: &str = "%Y-%m-%dT%H:%M:%S%.7f";

fn zone() -> TimeZone {
    // The data is compiled in, so the fall-back is never taken; UTC would show up in every test at once.
    TimeZone::get("America/Los_Angeles").unwrap_or(TimeZone::UTC)
}

/// A time as responses show it.
pub(super) fn time(at: Timestamp) -> String {
    at.to_zoned(zone()).datetime().strftime(WRITTEN).to_string()
}

/// A day as responses show it.
pub(super) fn date(at: Timestamp) -> String {
    at.to_zoned(zone()).date().to_string()
}

/// Reads a time as requests write it and shows it as responses do; nothing if it is no time.
pub(super) fn normalised(text: &str) -> Option<String> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(time(at));
    }
    text.parse::<DateTime>().ok().map(|civil| civil.strftime(WRITTEN).to_string())
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn times_are_pacific_with_seven_digits() {
        let shown = |text: &str| normalised(text).unwrap();
        assert_eq!(shown("2018-04-16 09:30:00"), "2018-04-16T09:30:00.0000000");
        assert_eq!(shown("2018-04-16T09:30:00.1230000"), "2018-04-16T09:30:00.1230000");
        assert_eq!(shown("2018-04-16"), "2018-04-16T00:00:00.0000000");
        assert_eq!(shown("2018-04-16T16:30:00Z"), "2018-04-16T09:30:00.0000000");
        assert_eq!(shown("2018-01-16T12:30:00-05:00"), "2018-01-16T09:30:00.0000000");
        assert_eq!(normalised("yesterday"), None);
    }
}
