//! The backend on AWS as the settings name it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use backend::aws::bucket::Bucket;
use backend::aws::ledger::{Ledger, Patience};
use backend::aws::queue::{self, Address, Queue};
use backend::aws::secrets::Parameters;
use backend::aws::{self, SdkConfig};
use lane::clock::Clock;

use crate::config::{Address as Endpoint, Aws};

/// The shortest visibility time of a queue: longer than a lane's lease, so that the wake-up of a worker that died comes
/// back to a free lane.
pub const VISIBILITY_MIN: Duration = Duration::from_secs(140);

/// Everything of AWS that a service uses. Opening it has checked that table and queue are made the way we need them.
pub struct Backend {
    /// The ledger.
    pub ledger: Arc<Ledger>,
    /// The queue of orders.
    pub queue: Arc<Queue>,
    /// Where secrets are read.
    pub secrets: Arc<Parameters>,
}

/// Finds table, bucket and queue.
pub async fn open(settings: &Aws, clock: &Arc<dyn Clock>) -> anyhow::Result<Backend> {
    let ledger = ledger(settings).await?;
    let config = config(settings, settings.sqs_endpoint.as_ref()).await;
    let name = settings.orders_queue.clone();
    let address = if name.contains("://") { Address::Url(name) } else { Address::Name(name) };
    let asked = queue::Settings { queue: lane::id::Queue::Orders, address, visibility: VISIBILITY_MIN };
    let queue = Queue::connect(&config, asked).await.context("[aws] orders_queue")?;
    Ok(Backend { ledger: Arc::new(ledger), queue: Arc::new(queue), secrets: Arc::new(secrets(settings, clock).await) })
}

/// Finds the table and the bucket.
pub async fn ledger(settings: &Aws) -> anyhow::Result<Ledger> {
    let (of_table, of_bucket) = (settings.dynamodb_endpoint.as_ref(), settings.s3_endpoint.as_ref());
    let (of_table, of_bucket) = (config(settings, of_table).await, config(settings, of_bucket).await);
    let bucket = Bucket::connect(&of_bucket, &settings.bucket).await.context("[aws] bucket")?;
    Ledger::connect(&of_table, &settings.table, bucket, Patience::default()).await.context("[aws] table")
}

/// Asks nothing yet.
pub async fn secrets(settings: &Aws, clock: &Arc<dyn Clock>) -> Parameters {
    Parameters::new(&config(settings, settings.ssm_endpoint.as_ref()).await, Arc::clone(clock))
}

async fn config(settings: &Aws, own: Option<&Endpoint>) -> SdkConfig {
    let endpoint = own.or(settings.endpoint.as_ref()).map(Endpoint::as_str);
    aws::load(settings.region.as_deref(), endpoint).await
}
