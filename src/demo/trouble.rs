//! Makes the simulated providers fail now and then, each time in another of the ways real ones do.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use simulators::faults::{Effect, Fault};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Pace;
use super::cast::{Part, SHOPS};
use super::people::Robin;
use super::stage::Stage;

/// The shop whose token is revoked for a while.
const REVOKED: &Part = &SHOPS[4];

/// One kind of trouble.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// The warehouse answers 500 to a write.
    Broken,
    /// The warehouse writes an order, and the connection is cut before it says so.
    Cut,
    /// Half of the warehouse's answer arrives.
    Half,
    /// The warehouse is slow.
    Slow,
    /// Shopify answers 503.
    Away,
    /// Shopify refuses a shop's token until somebody gives it back and resumes the lane.
    Revoked,
}

/// How many kinds there are.
pub(super) const KINDS: u32 = 6;

const ALL: [Trouble; KINDS as usize] =
    [Trouble::Revoked, Trouble::Cut, Trouble::Broken, Trouble::Half, Trouble::Away, Trouble::Slow];

/// Makes trouble until `stop`, or `rounds` of it.
pub(super) async fn make(stage: Arc<Stage>, robin: Robin, pace: Pace, rounds: Option<usize>, stop: CancellationToken) {
    let mut revocations = JoinSet::new();
    for trouble in ALL.into_iter().cycle().take(rounds.map_or(usize::MAX, |rounds| rounds * ALL.len())) {
        if stop.run_until_cancelled(tokio::time::sleep(pace.trouble)).await.is_none() {
            break;
        }
        tracing::info!(?trouble, "the demonstration makes trouble");
        match fault(trouble) {
            Made::AtShipStation(fault) => stage.shipstation.faults().push(fault),
            Made::AtShopify(fault) => stage.shopify.faults().push(fault),
            Made::Revoked => {
                revocations.spawn(revoke(Arc::clone(&stage), robin.clone(), pace, stop.clone()));
            }
        }
    }
    stop.run_until_cancelled(tokio::time::sleep(pace.trouble)).await;
    // A fault that nobody has run into by now would strike after the end.
    stage.shipstation.faults().clear();
    stage.shopify.faults().clear();
    revocations.join_all().await;
}

enum Made {
    AtShipStation(Fault),
    AtShopify(Fault),
    Revoked,
}

fn fault(trouble: Trouble) -> Made {
    let status = |status| Effect::Status { status, body: String::new(), headers: Vec::new(), commit: false };
    match trouble {
        Trouble::Broken => Made::AtShipStation(Fault::next(status(500)).on("createorder")),
        Trouble::Cut => Made::AtShipStation(Fault::next(Effect::CutAfterCommit).on("createorder")),
        Trouble::Half => Made::AtShipStation(Fault::next(Effect::HalfBody).on("createorder")),
        Trouble::Slow => Made::AtShipStation(Fault::next(Effect::Delay(std::time::Duration::from_secs(2))).times(3)),
        Trouble::Away => Made::AtShopify(Fault::next(status(503)).on("order").times(2)),
        Trouble::Revoked => Made::Revoked,
    }
}

async fn revoke(stage: Arc<Stage>, robin: Robin, pace: Pace, stop: CancellationToken) {
    let domain = REVOKED.domain();
    stage.shopify.revoke(&domain);
    // Stopped or not, the token is given back: the orders that wait for it are to be settled.
    stop.run_until_cancelled(tokio::time::sleep(pace.revoked)).await;
    match stage.token(REVOKED).await {
        Ok(token) => stage.shopify.add_shop(&domain, token.expose_secret()),
        Err(error) => tracing::error!(%error, "the made-up token could not be given back"),
    }
    robin.resume(REVOKED.id).await;
}
