//! Links for merchants, as the command line makes them: signed by the secrets of the settings, with the address in front
//! under which people reach the review page.

use std::net::SocketAddr;

use lane::clock::Timestamp;
use lane::id::ShopId;
use lane::ports::{Desk, LedgerError, Secrets};
use review::Links;
use secrecy::ExposeSecret as _;
use service::config::{Config, Problems};

use super::{Reply, ShownOnce};

/// What links are made with.
#[derive(Debug, Default)]
pub(crate) struct LinkMaker {
    links: Links,
    origin: String,
    /// Nobody said under which address merchants come.
    is_private: bool,
}

impl LinkMaker {
    /// Reads the secrets that the settings name.
    pub(crate) async fn configured(config: &Config, secrets: &dyn Secrets) -> Result<Self, Problems> {
        let links = Links::configured(&config.review.link_secrets, secrets).await?;
        Ok(Self { links, origin: config.review.origin(), is_private: config.review.public_url.is_none() })
    }

    /// The same where the listener turned out to be at this address: a port may be any that is free.
    pub(crate) fn listening_at(self, address: SocketAddr) -> Self {
        if self.is_private { Self { origin: format!("http://{address}"), ..self } } else { self }
    }

    /// The same, to read links with.
    pub(crate) fn links(&self) -> Links {
        self.links.clone()
    }

    /// A link for so many days to the page of a shop that is there.
    pub(super) async fn link(
        &self,
        desk: &dyn Desk,
        id: ShopId,
        days: u16,
        now: Timestamp,
    ) -> Result<Reply, LedgerError> {
        let Some(shop) = desk.merchant(&id).await? else { return Ok(Reply::NoSuchShop(id)) };
        Ok(match self.links.make(&shop, days, now) {
            Ok((path, until)) => {
                let url = ShownOnce(format!("{}{}", self.origin, path.expose_secret()));
                Reply::ShopLinked { id, url, until, is_private: self.is_private }
            }
            Err(why) => Reply::Refused(why.to_string()),
        })
    }
}

/// What a link is good for, and how it ends.
pub(super) fn linked(id: &ShopId, url: &ShownOnce, until: Timestamp, is_private: bool) -> String {
    let until = until.strftime("%Y-%m-%d %H:%M UTC");
    let private = if is_private {
        "\nIt begins with the address at which this machine listens. Give the one under which merchants come as public_url \
         in [review] of the settings."
    } else {
        ""
    };
    format!(
        "Whoever has this link sees the orders of {id}, and can change nothing, until {until}:\n\n    {}\n\nTo end it before \
         its time, take the secret that signed it out of link_secrets in [review] and start the program again; that ends \
         every link it signed. A shop that is removed and added again has none of its earlier links.{private}",
        url.0
    )
}
