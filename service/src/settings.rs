//! Where the settings lie: in a file, or in a parameter of AWS (`ssm:NAME`), which suits machines that have no files of
//! their own.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use backend::aws;
use backend::aws::secrets::Parameters;
use lane::clock::Clock;
use lane::ports::Secrets as _;
use lane::shop::SecretRef;
use secrecy::ExposeSecret as _;

use crate::config::{Config, Env};

/// Names where the settings are, if no argument does.
pub const VARIABLE: &str = "LANEKEEPER_CONFIG";

/// Reads the settings from there.
pub async fn load(place: &Path, env: Env<'_>, clock: &Arc<dyn Clock>) -> anyhow::Result<Config> {
    let Some(name) = place.to_str().and_then(|place| place.strip_prefix("ssm:")) else {
        return Ok(Config::load(place, env)?);
    };
    let parameters = Parameters::new(&aws::load(None, None).await, Arc::clone(clock));
    let reference = SecretRef::Parameter(name.to_owned());
    let text = parameters.read(&reference).await.context("the settings cannot be read")?;
    Ok(Config::read(text.expose_secret(), &reference.to_string(), env)?)
}
