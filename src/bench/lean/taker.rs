//! A server that takes every call: it answers 200 at once and counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::http::{THREAD, read_request, respond, serve};
use crate::bench::machine::threads_of;

/// Serves until it is dropped.
pub(in crate::bench) struct Taker {
    address: SocketAddr,
    counts: Arc<Counts>,
    stop: CancellationToken,
}

#[derive(Default)]
struct Counts {
    calls: AtomicU64,
    connections: AtomicU64,
}

impl Taker {
    pub(in crate::bench) fn start() -> anyhow::Result<Self> {
        let (counts, stop) = (Arc::<Counts>::default(), CancellationToken::new());
        let serving = Arc::clone(&counts);
        let address = serve(stop.clone(), move |stream| take(stream, Arc::clone(&serving)))?;
        Ok(Self { address, counts, stop })
    }

    /// Where calls go.
    pub(in crate::bench) fn url(&self) -> String {
        format!("http://{}/job", self.address)
    }

    /// Calls that came.
    pub(in crate::bench) fn calls(&self) -> u64 {
        self.counts.calls.load(Ordering::Relaxed)
    }

    /// Connections on which they came.
    pub(in crate::bench) fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::Relaxed)
    }

    /// What serving has cost this process.
    pub(in crate::bench) fn cpu() -> Duration {
        threads_of(std::process::id(), &[THREAD])
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn take(mut stream: TcpStream, counts: Arc<Counts>) -> anyhow::Result<()> {
    counts.connections.fetch_add(1, Ordering::Relaxed);
    let mut buffer = Vec::new();
    while read_request(&mut stream, &mut buffer).await?.is_some() {
        counts.calls.fetch_add(1, Ordering::Relaxed);
        respond(&mut stream, "{}").await?;
    }
    Ok(())
}
