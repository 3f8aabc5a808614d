//! How a lane stands, as people see it.

use lane::clock::Timestamp;
use lane::job::Job;
use lane::line::Pick;
use lane::view::{LaneStatus, LaneView};

use super::row::Lane;

/// A lane with the first job of its line, and who goes next.
pub(crate) fn lane_view(lane: Lane, first: Option<&Job>, picked: Pick, now: Timestamp) -> LaneView {
    let running = lane.state.lease.as_ref().filter(|(_, end)| *end > now).map(|(_, end)| *end);
    let status = match (lane.state.paused.filter(|pause| pause.until.is_none_or(|end| end > now)), running, picked) {
        (Some(pause), _, _) => LaneStatus::Paused(pause),
        (None, Some(until), _) => LaneStatus::Running { until },
        (None, None, Pick::Ready(_)) => match lane.state.rest.filter(|rest| rest.until > now) {
            Some(rest) => LaneStatus::Throttled(rest),
            None => LaneStatus::Waiting,
        },
        (None, None, Pick::NotUntil { job, at }) => LaneStatus::Retrying { job, until: at },
        (None, None, Pick::Blocked { job, .. }) => LaneStatus::Blocked { job },
        (None, None, Pick::Nothing { .. }) => LaneStatus::Idle,
    };
    let (head, oldest) = first.map(|job| ((job.id.clone(), job.number.clone()), job.heard_at)).unzip();
    LaneView { lane: lane.key, shop: lane.shop, status, head, depth: lane.depth, oldest }
}
