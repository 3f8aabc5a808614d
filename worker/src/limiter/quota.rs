//! How often an account may be called, as it was set or as the provider describes its bucket.

use std::time::Duration;

/// The limit of a provider account: in every window of `per` at most `units` plus `burst` units leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Units that come back in `per`. A unit is a call, or a point where the provider counts points.
    pub units: u32,
    /// The time in which they do, and the window in which they are counted.
    pub per: Duration,
    /// Units that may leave at once after a rest.
    pub burst: u32,
}

impl Quota {
    /// A limit of `calls` per minute as the provider counts them, whenever its minute begins: no 60 s ever see more.
    ///
    /// A bucket of `b` that is refilled at `r` lets at most `b + 60 r` calls through in any 60 s. With `b = 1` and
    /// `r = (calls - 1) / 60` that is `1 + (calls - 1) = calls`; for 40 calls the steady pace is 39 a minute, 97.5 %
    /// of the limit. An attempt takes several units at once, which the count of calls that left evens out.
    pub fn per_minute(calls: u32) -> Self {
        let minute = Duration::from_mins(1);
        if calls < 2 {
            // One unit every two minutes: the bucket's own unit and the refilled one never share a minute.
            return Self { units: 1, per: 2 * minute, burst: 1 };
        }
        Self { units: calls - 1, per: minute, burst: 1 }
    }

    /// The limit of a bucket as the provider describes it: no second ever sees more than it can hold. Nothing if the
    /// figures describe none.
    pub(super) fn of_bucket(restored_per_second: f64, capacity: f64) -> Option<Self> {
        let (units, most) = (whole(restored_per_second)?, whole(capacity)?);
        (units <= most).then(|| Self { units, per: Duration::from_secs(1), burst: most - units })
    }
}

/// The largest plan restores 2000 points a second and holds 20 times that. What is far beyond is a slip, and is not
/// followed.
const BUCKET_MAX: f64 = 1_000_000.0;

/// A provider's figure as whole units, rounded down.
fn whole(figure: f64) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
    (1.0..=BUCKET_MAX).contains(&figure).then_some(figure as u32)
}
