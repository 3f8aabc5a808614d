//! File handles: each connection takes one, and shells give a program fewer than its listeners may need.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::serve::CONNECTIONS_MAX;

/// What the program may need at once: the connections of both listeners, and as many again for calls to providers and the
/// ledger's files.
const HANDLES: u64 = 4 * CONNECTIONS_MAX as u64;

/// Raises the number of handles as far as the machine lets it; says so where that is too little.
pub fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // No limit is said by none.
    let Some(before) = current.filter(|now| *now < HANDLES) else { return };
    let wanted = maximum.map_or(HANDLES, |most| most.min(HANDLES));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    let now = if raised.is_ok() { wanted } else { before };
    if now < HANDLES {
        tracing::warn!(
            handles = now,
            wanted = HANDLES,
            "few file handles: beyond as many connections, webhooks wait until others close; raise the limit (ulimit -n, \
             or LimitNOFILE in a systemd unit)"
        );
    }
}
