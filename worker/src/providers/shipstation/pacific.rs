//! `ShipStation`'s times: Pacific, without an offset, in both directions.

use ::lane::clock::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The time zone of every time at `ShipStation`; daylight saving included.
#[derive(Debug, Clone)]
pub(crate) struct Pacific(TimeZone);

impl Pacific {
    pub(crate) fn load() -> Result<Self, jiff::Error> {
        TimeZone::get("America/Los_Angeles").map(Self)
    }

    /// As requests write it: `2026-11-21 02:30:00`.
    pub(crate) fn write(&self, at: Timestamp) -> String {
        at.to_zoned(self.0.clone()).datetime().strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

/// A time as requests or answers write it, to the second; answers have a `T` and seven digits behind the second.
pub(crate) fn civil(text: &str) -> Option<DateTime> {
    let read = text.trim().parse::<DateTime>().ok()?;
    read.with().subsec_nanosecond(0).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_pacific_in_winter_and_in_summer() {
        let pacific = Pacific::load().unwrap();
        let written = |text: &str| pacific.write(text.parse().unwrap());
        assert_eq!(written("2026-01-15T08:30:00Z"), "2026-01-15 00:30:00");
        assert_eq!(written("2026-07-15T02:30:00-05:00"), "2026-07-15 00:30:00");
    }

    #[test]
    fn what_was_written_is_read_back_as_the_same_time() {
        assert_eq!(civil("2026-01-15 00:30:00"), civil("2026-01-15T00:30:00.0000000"));
        assert_ne!(civil("2026-01-15 00:30:00"), civil("2026-01-15T00:30:01.0000000"));
        assert_eq!(civil("soon"), None);
    }
}
