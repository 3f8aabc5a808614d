//! What the person in front of the demonstration reads.

use std::path::Path;

use lane::state::StateKind;
use lane::view::Figures;

use super::cast::SHOPS;
use super::proof::Findings;
use super::stage::Stage;
use crate::say::{self, Reader};

/// Where everything is.
pub(super) fn greet(stage: &Stage, orders: Option<u64>) {
    let shop = SHOPS[1].domain();
    let file = |name: &str| quoted(&stage.folder.join(name).display().to_string());
    say::line(format_args!(
        "Lanekeeper's demonstration: twelve made-up shops, a simulated Shopify and a simulated ShipStation, all on this \
         machine.
The simulators fail now and then on purpose; what is held or retried is part of the show.
What is set aside is not carried out: cancelled by the customer, or rejected on the review page.\n
  Open                http://{review}/
  and sign in with    {token}

  What a merchant sees, with no password and for a day, is at
  {link}

  Webhooks go to      {webhooks}
  Shopify is          {shopify}/__simulator/journal
  ShipStation is      {shipstation}/__simulator/orders
  Figures are at      http://{review}/metrics
  Files are in        {folder}

Send one more order with

  {program} send {order} --topic orders/create --shop {shop} \\
    --to {webhooks} \\
    --secret {secret} --simulator {shopify}

and look at the shops with

  {program} shop list --config {settings}
",
        folder = stage.folder.display(),
        program = program(),
        order = file("order.json"),
        settings = file("lanekeeper.toml"),
        secret = quoted(&format!("file:{}", stage.folder.join("secrets/shopify").display())),
        review = stage.addresses.review,
        token = stage.guest,
        link = stage.link,
        webhooks = stage.webhooks(),
        shopify = stage.shopify.origin(),
        shipstation = stage.shipstation.base_url(),
    ));
    match orders {
        Some(orders) => say::line(format_args!("It ends by itself once {orders} orders are settled.\n")),
        None => say::line("Ctrl-C ends it.\n"),
    };
}

/// This program as it was started, wherever it lies: with `cargo run` it is on nobody's path.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_else(|_| Path::new("lanekeeper").to_owned());
    quoted(&path.display().to_string())
}

/// The text as one word for a shell.
fn quoted(text: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-:@%+,=".contains(character);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// One line of figures.
pub(super) fn line(stage: &Stage, figures: &Figures) -> Reader {
    let of = |states: &[StateKind]| -> u64 {
        figures.jobs.iter().filter(|(state, _)| states.contains(state)).map(|(_, count)| count).sum()
    };
    let accepted = of(&StateKind::ALL);
    let waiting = of(&[StateKind::Waiting, StateKind::Attempting, StateKind::Retrying]);
    let aside = of(&[StateKind::Skipped, StateKind::Rejected]);
    let quarantined: u64 =
        figures.webhooks.iter().filter(|(outcome, _)| outcome == "quarantined").map(|(_, count)| count).sum();
    let quarantined = if quarantined == 0 { String::new() } else { format!("  quarantined {quarantined:>3}") };
    say::line(format_args!(
        "{}  accepted {accepted:>5}  done {:>5}  held {:>3}  failed {:>3}  waiting {waiting:>4}  set aside {aside:>3}\
         {quarantined}  | ShipStation has {:>5}",
        stage.clock.now().strftime("%H:%M:%S"),
        of(&[StateKind::Done]),
        of(&[StateKind::Held]),
        of(&[StateKind::Failed]),
        stage.shipstation.orders().len(),
    ))
}

/// How it ended.
pub(super) fn summary(findings: &Findings) {
    say::line("");
    for line in &findings.lines {
        say::line(format_args!("  {line}"));
    }
    for wrong in &findings.wrong {
        say::line(format_args!("  ✘ {wrong}"));
    }
    if findings.wrong.is_empty() {
        say::line(
            "  ✔ no accepted order was lost, none was doubled, every shop's came in the order they were accepted, and no \
             parcel was told twice",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_for_a_shell() {
        assert_eq!(quoted("/tmp/lanekeeper-1/order.json"), "/tmp/lanekeeper-1/order.json");
        assert_eq!(quoted("/home/a b/x"), "'/home/a b/x'");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
