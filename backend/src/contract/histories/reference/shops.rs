//! Shops come, leave and come back; what arrived meanwhile becomes work.

use std::sync::Arc;

use lane::clock::Timestamp;
use lane::id::{LaneKey, ShopId};
use lane::line::Pause;
use lane::outcome::PauseReason;
use lane::shop::Shop;
use lane::view::QuarantineReason;
use lane::wake_up::Envelope;

use super::{Kept, ShopRow, World};

impl World {
    pub(super) fn put_shop(&mut self, shop: &Shop, now: Timestamp) -> Vec<Envelope> {
        let mut sends = Vec::new();
        let row = ShopRow { shop: shop.clone(), put_at: now, removed: false };
        self.shops.insert(shop.id.clone(), row);
        let waits = self.kept.iter().filter(|kept| kept.why == QuarantineReason::UnknownShop);
        let its: Vec<Arc<Kept>> =
            waits.filter(|kept| shop.domains.contains(&kept.letter.webhook.merchant)).cloned().collect();
        for kept in its {
            sends.extend(self.replay(&kept, shop));
        }
        sends.extend(self.reopen(&shop.id, now));
        sends
    }

    /// Makes work of a webhook that was kept while its shop was unknown.
    pub(super) fn replay(&mut self, kept: &Arc<Kept>, shop: &Shop) -> Vec<Envelope> {
        self.kept.retain(|other| !Arc::ptr_eq(other, kept));
        let webhook = &kept.letter.webhook;
        // Its own id is taken since it came.
        let keys = webhook.identity_keys(shop.id.as_str());
        let within_shop = &keys[usize::from(webhook.webhook_id.is_some())..];
        let (word, send) = if self.claim(within_shop) {
            let (recorded, job) = self.cause(shop, webhook);
            self.leads(job, &kept.letter, kept.id);
            (recorded.label(), recorded.wake_up().cloned())
        } else {
            ("duplicate", None)
        };
        *self.counted.get_mut("quarantined").expect("it was counted when it came") -= 1;
        self.count(word);
        send.into_iter().collect()
    }

    /// Lifts the pause that removing the shop, or taking the app away earlier, had put on its lane.
    fn reopen(&mut self, shop: &ShopId, now: Timestamp) -> Vec<Envelope> {
        let key = LaneKey::orders(shop);
        let Some(lane) = self.lanes.get_mut(&key) else { return Vec::new() };
        let lifted = lane.state.paused.as_ref().is_some_and(|pause| {
            pause.why == PauseReason::ShopRemoved || (pause.why == PauseReason::Uninstalled && pause.since < now)
        });
        if !lifted {
            return Vec::new();
        }
        lane.state.paused = None;
        self.wake_now(&key, now)
    }

    pub(super) fn remove_shop(&mut self, shop: &ShopId, now: Timestamp) -> bool {
        let Some(row) = self.shops.get_mut(shop).filter(|row| !row.removed) else { return false };
        row.removed = true;
        if let Some(lane) = self.lanes.get_mut(&LaneKey::orders(shop)) {
            lane.state.paused = Some(Pause { why: PauseReason::ShopRemoved, until: None, by: None, since: now });
        }
        true
    }
}
