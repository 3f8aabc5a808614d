//! Replies in words for people.

mod carriage;
mod trial;
mod requests;

use lane::operator::Role;
use lane::policy::{Policy, Standing};
use lane::rules::HoldRules;
use lane::shop::{RiskPending, Shop};

use super::{OperatorLine, Reply, links};

/// Whether the command was not carried out.
pub(crate) fn is_refusal(reply: &Reply) -> bool {
    match reply {
        Reply::ShopKnown(_)
        | Reply::NoSuchShop(_)
        | Reply::NoSuchOperator(_)
        | Reply::NoSuchRequest(_)
        | Reply::Refused(_) => true,
        Reply::ShopAdded { .. }
        | Reply::Shops(_)
        | Reply::ShopRemoved(_)
        | Reply::ShopLinked { .. }
        | Reply::OperatorAdded { .. }
        | Reply::Operators(_)
        | Reply::OperatorDisabled(_)
        | Reply::RulesTried(_)
        | Reply::PrivacyRequests { .. }
        | Reply::PrivacyExported { .. }
        | Reply::PrivacyRedacted(_)
        | Reply::PrivacyAnswered(_)
        | Reply::PrivacyDismissed(_) => false,
    }
}

/// What happened and what it means.
pub(crate) fn words(reply: &Reply) -> String {
    match reply {
        Reply::ShopAdded { shop, replaced, became_work, notes } => {
            shop_added(shop, replaced.as_deref(), *became_work, notes)
        }
        Reply::ShopKnown(known) => format!(
            "Nothing was done: there is a shop {} already:\n{}\nAdding it again replaces it as a whole: every rule, \
             domain and other option that is not given goes to its default. If that is wanted, give all options again, \
             with --replace.",
            known.id,
            shop(known)
        ),
        Reply::Shops(shops) if shops.is_empty() => {
            "There are no shops yet; add one with `lanekeeper shop add`.".to_owned()
        }
        Reply::Shops(shops) => shops.iter().map(shop).collect::<Vec<_>>().join("\n"),
        Reply::ShopRemoved(id) => format!(
            "The shop {id} is removed. Its jobs and their history stay; its lane is paused, and no further call is made \
             for it.\nWebhooks that still name it are kept aside for 30 days. Adding the shop again with the same id \
             goes on where it stopped."
        ),
        Reply::ShopLinked { id, url, until, is_private } => links::linked(id, url, *until, *is_private),
        Reply::NoSuchShop(id) => format!("There is no shop {id}; see `lanekeeper shop list`. Nothing was done."),
        Reply::RulesTried(tried) => trial::trial(tried),
        Reply::OperatorAdded { name, role, token, replaced } => {
            let before = if *replaced { " The token they had before is refused from now on." } else { "" };
            format!(
                "{name} may {}. This is the token; it is shown this once and stored nowhere:\n\n    {}\n\nSign in \
                 with it on the review page, or send it as `Authorization: Bearer …`.{before}",
                may(*role),
                token.0
            )
        }
        Reply::Operators(operators) if operators.is_empty() => {
            "There are no operators yet; add one with `lanekeeper operator add NAME --role reviewer`.".to_owned()
        }
        Reply::Operators(operators) => operators.iter().map(operator).collect::<Vec<_>>().join("\n"),
        Reply::OperatorDisabled(name) => {
            format!("{name} is refused from now on, in open sessions too. What they decided stays, with their name.")
        }
        Reply::NoSuchOperator(name) => {
            format!("There is no operator {name}; see `lanekeeper operator list`. Nothing was done.")
        }
        Reply::PrivacyRequests { open, requests } => requests::requests(*open, requests),
        Reply::PrivacyExported { request, .. } => format!("Everything known for the request {request} was collected."),
        Reply::PrivacyRedacted(request) => {
            format!("The request {request} is carried out: nothing of its subject is left in the ledger's files.")
        }
        Reply::PrivacyAnswered(request) => format!("The request {request} counts as answered."),
        Reply::PrivacyDismissed(request) => {
            format!("The request {request} is closed, and nothing was erased because of it. That stands in the audit.")
        }
        Reply::NoSuchRequest(request) => {
            format!(
                "There is no such request {request} that could be carried out or dismissed; see `lanekeeper privacy list --all`. Nothing was done."
            )
        }
        Reply::Refused(why) => format!("Nothing was done: {why}."),
    }
}

fn shop_added(added: &Shop, replaced: Option<&Shop>, became_work: u64, notes: &[String]) -> String {
    let did = if replaced.is_some() { "is replaced; everything not given now is at its default" } else { "is added" };
    let mut text = format!("The shop {} {did}.\n{}\n", added.id, shop(added));
    if let Some(before) = replaced {
        text.push_str("Before, it was:\n");
        text.push_str(&shop(before));
        text.push('\n');
        let dropped = before.domains.iter().filter(|domain| !added.domains.contains(domain));
        for domain in dropped {
            let line = format!("Webhooks that name {domain} are no longer this shop's.\n");
            text.push_str(&line);
        }
    }
    let kept = match became_work {
        0 => "No kept-aside webhook was waiting for it.".to_owned(),
        1 => "One webhook that had come before was waiting for it and is its job now.".to_owned(),
        many => format!(
            "{many} webhooks that had come before were waiting for it and are its jobs now, in the order they came."
        ),
    };
    text.push_str(&kept);
    for note in notes {
        text.push_str("\nNote: ");
        text.push_str(note);
        text.push('.');
    }
    text
}

fn shop(shop: &Shop) -> String {
    format!(
        "{}  {}  to {}  token {}\n    {}\n    {}\n    {}; carries out: {}{}",
        shop.id,
        shop.domains.join(", "),
        shop.warehouse,
        shop.token,
        rules(&shop.rules),
        carriage::carriage(&shop.carriage),
        policy(shop.policy),
        shop.qualifies.financial_statuses.join(", "),
        if shop.qualifies.test_orders { ", test orders too" } else { "" },
    )
}

fn rules(rules: &HoldRules) -> String {
    let mut holds: Vec<String> = rules.rules.iter().map(lane::rules::Rule::words).collect();
    match rules.risk_pending {
        RiskPending::Hold => holds.push("risk check unfinished".to_owned()),
        RiskPending::Proceed => {}
    }
    if holds.is_empty() { "holds nothing by rule".to_owned() } else { format!("holds: {}", holds.join("; ")) }
}

fn policy(policy: Policy) -> String {
    let [retry, hold, fail] = [policy.retry, policy.hold, policy.fail].map(standing);
    format!("on retry {retry}, on hold {hold}, on fail {fail}")
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::StopLane => "stop-lane",
        Standing::StepAside => "step-aside",
    }
}

fn operator(operator: &OperatorLine) -> String {
    let state = if operator.disabled { "  (disabled)" } else { "" };
    format!("{}  {}{state}", operator.name, operator.role.as_str())
}

fn may(role: Role) -> &'static str {
    match role {
        Role::Viewer => "look (viewer)",
        Role::Reviewer => "look and decide (reviewer)",
        Role::Admin => "do everything (admin)",
    }
}
