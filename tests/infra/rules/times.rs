//! A worker's run ends before its lane's lease, the lease before the message is visible again; and what answers people
//! ends before whoever asked gives up.

use super::{Faults, expect};
use crate::template::Template;

/// What Shopify waits for an answer. The handler answers within it by itself; its function must not be ended before.
const SHOPIFY_WAITS: u64 = 5;

/// The longest that an HTTP API waits for a function (*Quotas for configuring and running an HTTP API*).
const API_WAITS: u64 = 30;

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let timeout = |id: &str| template.property(id, "Timeout").as_u64().unwrap_or_default();
    let lease = worker::lane::LEASE.as_secs();
    for id in ["Worker", "Sweep"] {
        let run = timeout(id);
        // Less would cut off attempts that go on for as long as the lease lets them.
        expect(&mut faults, (lease - 30..lease).contains(&run), || {
            format!("{id} runs {run} s, the lease is {lease} s")
        });
    }
    let visible = template.property("Orders", "VisibilityTimeout").as_u64().unwrap_or_default();
    // A message that is hidden for much longer than the lease makes the lane of a worker that died wait.
    expect(&mut faults, (lease + 1..lease + 30).contains(&visible), || {
        format!("the visibility time is {visible} s, the lease {lease} s")
    });
    for (id, integration, least) in [("Handler", "WebhooksToFunction", SHOPIFY_WAITS), ("Review", "PagesToFunction", 5)]
    {
        let (run, waits) =
            (timeout(id), template.property(integration, "TimeoutInMillis").as_u64().unwrap_or_default());
        expect(&mut faults, run > least && run * 1000 <= waits && waits < API_WAITS * 1000, || {
            format!("{id} runs {run} s, its API waits {waits} ms")
        });
    }
    faults
}
