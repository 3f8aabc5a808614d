//! What the person in front of the demonstration reads.

use lane::state::StateKind;
use lane::view::Figures;

use super::cast::SHOPS;
use super::proof::Findings;
use super::stage::Stage;

/// Where everything is.
pub(super) fn greet(stage: &Stage, orders: Option<u64>) {
    let folder = stage.folder.display();
    let shop = SHOPS[1].domain();
    println!(
        "Lanekeeper's demonstration: twelve made-up shops, a simulated Shopify and a simulated ShipStation, all on this \
         machine.\n
  Open                http://{review}/
  and sign in with    {token}

  Webhooks go to      {webhooks}
  Shopify is          {shopify}/__simulator/journal
  ShipStation is      {shipstation}/__simulator/orders
  Figures are at      http://{review}/metrics
  Files are in        {folder}

Send one more order with

  lanekeeper send {folder}/order.json --topic orders/create --shop {shop} \\
    --to {webhooks} \\
    --secret file:{folder}/secrets/shopify --simulator {shopify}

and look at the shops with: lanekeeper shop list --config {folder}/lanekeeper.toml
",
        review = stage.addresses.review,
        token = stage.guest,
        webhooks = stage.webhooks(),
        shopify = stage.shopify.origin(),
        shipstation = stage.shipstation.base_url(),
    );
    match orders {
        Some(orders) => println!("It ends by itself once {orders} orders are settled.\n"),
        None => println!("Ctrl-C ends it.\n"),
    }
}

/// One line of figures.
pub(super) fn line(stage: &Stage, figures: &Figures) {
    let of = |states: &[StateKind]| -> u64 {
        figures.jobs.iter().filter(|(state, _)| states.contains(state)).map(|(_, count)| count).sum()
    };
    let accepted = of(&StateKind::ALL);
    let waiting = of(&[StateKind::Waiting, StateKind::Attempting, StateKind::Retrying]);
    let aside = of(&[StateKind::Skipped, StateKind::Rejected]);
    println!(
        "{}  accepted {accepted:>5}  done {:>5}  held {:>3}  failed {:>3}  waiting {waiting:>4}  set aside {aside:>3}  \
         | ShipStation has {:>5}",
        stage.clock.now().strftime("%H:%M:%S"),
        of(&[StateKind::Done]),
        of(&[StateKind::Held]),
        of(&[StateKind::Failed]),
        stage.shipstation.orders().len(),
    );
}

/// How it ended.
pub(super) fn summary(findings: &Findings) {
    println!();
    for line in &findings.lines {
        println!("  {line}");
    }
    for wrong in &findings.wrong {
        println!("  ✘ {wrong}");
    }
    if findings.wrong.is_empty() {
        println!(
            "  ✔ no accepted order was lost, none was doubled, and every shop's came in the order they were accepted"
        );
    }
}
