//! From acts to calls.

use lane::id::JobId;
use lane::ports::{Notice, ShippedOrder};
use lane::webhook::{Content, Webhook};

use super::{Act, Call, Player, Stop, Subject};
use crate::contract::histories::resolve::{
    account, accounts, lane_of, letter, order, order_id, seconds, shop, shop_id, touch, webhook,
};
use crate::contract::histories::step::Again;

impl<S: Subject> Player<S> {
    pub(super) async fn act(&mut self, act: &Act) -> Result<(), Stop> {
        match act {
            Act::Pass { seconds } => self.pass(*seconds),
            Act::Restart => {
                let now = self.now();
                self.subject.reopen(now).await;
                self.reopened();
            }
            Act::Run { shop, burst, endings, leaves } => self.run(*shop, *burst, endings, *leaves).await?,
            Act::Deaths { shop, workers, at_work } => self.deaths(*shop, *workers, *at_work).await?,
            Act::Flood { shop, orders } => {
                for number in 0..*orders {
                    let id = JobId::from(100 + u64::from(number));
                    let call = self.send(order(*shop, &id, 0, 0, 0, self.now()));
                    self.call(call).await?;
                }
            }
            Act::Together(acts) => {
                let mut calls = Vec::new();
                let dies = self.dies.take();
                for act in acts {
                    calls.extend(self.resolve(act).await?);
                }
                // Only together they are interrupted.
                self.dies = dies.map(|(_, moment)| (0, moment));
                if !calls.is_empty() {
                    self.calls(calls).await?;
                }
            }
            _ => {
                if let Some(call) = self.resolve(act).await? {
                    self.call(call).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn send(&mut self, webhook: Webhook) -> Call {
        self.fresh += 1;
        let letter = letter(webhook, self.turn, self.fresh);
        self.sent.push(letter.clone());
        Call::Record(letter)
    }

    /// The call that an act is. Nothing, if it means nothing now.
    async fn resolve(&mut self, act: &Act) -> Result<Option<Call>, Stop> {
        let now = self.now();
        Ok(match act {
            Act::Hear { .. }
            | Act::HearAgain { .. }
            | Act::Touch { .. }
            | Act::Unreadable { .. }
            | Act::Uninstalled { .. } => self.webhook(act).map(|webhook| self.send(webhook)),
            Act::PutShop { shop: number } => Some(Call::PutShop { shop: Box::new(shop(*number, now)), now }),
            Act::RemoveShop { shop } => Some(Call::RemoveShop { shop: shop_id(*shop), now }),
            Act::Lease { shop, owner, seconds: length } => {
                let until = seconds(now, *length);
                Some(Call::Lease { lane: lane_of(*shop), owner: format!("worker-{owner}"), now, until })
            }
            Act::Disturb { shop, order } => Some(Call::Disturb { lane: lane_of(*shop), job: order_id(*order), now }),
            Act::Sweep { limit } => Some(Call::Sweep { now, limit: (*limit).into() }),
            Act::StopAccount { account: number, seconds: length } => {
                Some(Call::StopAccount { account: account(*number), until: seconds(now, *length) })
            }
            Act::Notice { account: number, url } => {
                let url = format!("https://example.com/shipments/{url}");
                Some(Call::Notice(Notice { account: account(*number), url, received_at: now }))
            }
            Act::Shipped { account, orders, notices } => Some(self.shipped(*account, orders, *notices)),
            Act::Head { .. }
            | Act::Begin { .. }
            | Act::Burst { .. }
            | Act::Complete { .. }
            | Act::Release { .. }
            | Act::HandBack { .. } => self.work(act).await?,
            Act::Decide { .. }
            | Act::DecideAgain { .. }
            | Act::Undo { .. }
            | Act::Pause { .. }
            | Act::Resume { .. }
            | Act::ReleaseQuarantined { .. } => self.desk(act).await?,
            Act::Pass { .. }
            | Act::Restart
            | Act::Run { .. }
            | Act::Deaths { .. }
            | Act::Flood { .. }
            | Act::Together(_) => None,
        })
    }

    pub(super) fn fresh(&mut self, what: &str) -> String {
        self.fresh += 1;
        format!("{what}-{}", self.fresh)
    }

    fn webhook(&mut self, act: &Act) -> Option<Webhook> {
        let now = self.now();
        Some(match act {
            Act::Hear { shop, order: number, version, says, status, ids } => {
                let mut heard = order(*shop, &order_id(*number), *version, *says, *status, now);
                heard.webhook_id = Some(self.fresh("delivery")).filter(|_| ids & 1 == 0);
                heard.event_id = Some(self.fresh("event")).filter(|_| ids & 2 == 0);
                heard
            }
            Act::HearAgain { which, as_what } => {
                let which = self.sent.len().checked_sub(1 + usize::from(*which))?;
                self.again(which, *as_what)
            }
            Act::Touch { shop, order, part, body, event } => {
                let mut heard = touch(*shop, *order, *part, *body, now);
                heard.webhook_id = Some(self.fresh("delivery"));
                heard.event_id = Some(self.fresh("event")).filter(|_| *event);
                heard
            }
            Act::Unreadable { shop, body } => {
                let why = format!("no JSON at byte {body}");
                webhook(*shop, "orders/create", Content::Unreadable { why }, &format!("unreadable {body}"), now)
            }
            Act::Uninstalled { shop, ago } => {
                let at = now - std::time::Duration::from_secs((*ago).into());
                let body = format!("uninstalled {at}");
                webhook(*shop, "app/uninstalled", Content::Uninstalled { at }, &body, now)
            }
            _ => return None,
        })
    }

    /// A webhook that is in some way one that was sent before.
    fn again(&mut self, which: usize, as_what: Again) -> Webhook {
        let before = Webhook::clone(&self.sent[which].webhook);
        let other_body = {
            let mut hash = before.body_hash;
            hash[0] ^= 0xFF;
            hash
        };
        let (delivery, event) = (Some(self.fresh("delivery")), Some(self.fresh("event")));
        let now = self.now();
        let mut again = Webhook { received_at: now, ..before.clone() };
        match as_what {
            Again::Everything => {}
            Again::Delivery => (again.event_id, again.body_hash) = (event, other_body),
            Again::Event => (again.webhook_id, again.body_hash) = (delivery, other_body),
            Again::Body => (again.webhook_id, again.event_id) = (delivery, event),
            Again::OtherTopic => {
                again.webhook_id = delivery;
                "orders/paid".clone_into(&mut again.topic);
            }
        }
        again
    }

    fn shipped(&self, number: u8, orders: &[u8], notices: bool) -> Call {
        let (account, now) = (account(number), self.now());
        let shipment = |order: &u8| format!("s{}", 1 + order / 8);
        let order = |order: &u8| ShippedOrder { order_id: order_id(*order).to_string(), shipment: shipment(order) };
        let at = accounts().iter().position(|known| *known == account).expect("a known account");
        let open = self.numbers.notices[at].iter().map(|notice| notice.id);
        let notices = if notices { open.collect() } else { Vec::new() };
        Call::Shipped { account, orders: orders.iter().map(order).collect(), notices, looked_until: Some(now), now }
    }
}
