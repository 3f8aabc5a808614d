//! The backend on AWS. Nothing of the SDK leaves this module except [`SdkConfig`], which says whose account it is.

pub mod bucket;
pub mod ledger;
pub mod queue;
pub mod secrets;

use aws_config::{BehaviorVersion, Region};

pub use aws_config::SdkConfig;

/// Finds region and credentials the way every AWS tool does: environment, profile, the role of the machine. A region
/// or an endpoint given here goes before what is found; an endpoint is for stand-ins and private networks.
pub async fn load(region: Option<&str>, endpoint: Option<&str>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}
