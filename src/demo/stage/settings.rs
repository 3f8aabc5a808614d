//! The settings of the demonstration, as a person would write them.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use simulators::{ShipStation, Shopify};

use super::{LEDGER, Secrets};
use crate::config::Config;
use crate::demo::{Pace, cast};

/// What signs merchants' links: of this demonstration alone.
pub(super) const LINK_SECRET: &str = "links";

/// The name of the secret that ends the address of an account's notices.
pub(super) fn notice_secret(account: &str) -> String {
    format!("{account}-notices")
}

/// Writes the settings as a person would, so that the command line works on the demonstration, too.
pub(super) fn settings(
    folder: &Path,
    (webhooks, review): (SocketAddr, SocketAddr),
    shopify: &Shopify,
    shipstation: &ShipStation,
    pace: Pace,
) -> anyhow::Result<Config> {
    let secrets = Secrets::new(folder)?;
    let quoted = |text: String| toml::Value::String(text).to_string();
    let reference = |name: &str| quoted(secrets.reference(name).to_string());
    let mut text = format!(
        "[ledger]\npath = {}\n\n[webhooks]\nlisten = \"{webhooks}\"\nshopify_secrets = [{}]\n\n[review]\nlisten = \
         \"{review}\"\nlink_secrets = [{}]\n\n[shopify]\nbase_url = {}\n\n[log]\nlevel = \"info\"\n",
        quoted(folder.join(LEDGER).display().to_string()),
        reference("shopify"),
        reference(LINK_SECRET),
        quoted(shopify.base_url()),
    );
    for name in cast::accounts() {
        let account = format!(
            "\n[accounts.{name}]\nprovider = \"shipstation\"\nbase_url = {}\nkey = {}\nsecret = {}\nper_minute = {}\n",
            quoted(shipstation.base_url()),
            reference(&format!("{name}-key")),
            reference(&format!("{name}-secret")),
            pace.per_minute,
        );
        text.push_str(&account);
        if cast::tells(name) {
            let line = format!("notify_secret = {}\n", reference(&notice_secret(name)));
            text.push_str(&line);
        }
    }
    let path = folder.join("lanekeeper.toml");
    fs::write(&path, &text)?;
    Ok(Config::read(&text, &path.display().to_string(), &|_| None)?)
}
