//! What a warehouse says it has shipped.

use lane::clock::Timestamp;
use lane::id::AccountId;
use lane::job::Heard;
use lane::outcome::Reach;
use lane::ports::{Notice, OpenNotice, Recorded, ShippedOrder};
use lane::wake_up::Envelope;

use super::intake::Newer;
use super::{Answer, JobKey, World};

impl World {
    /// The same hint twice is one, the later.
    pub(super) fn notice(&mut self, notice: &Notice) -> Answer {
        self.notices.retain(|(account, url, ..)| (account, url) != (&notice.account, &notice.url));
        self.notices.push((notice.account.clone(), notice.url.clone(), notice.received_at, None));
        Answer::Done
    }

    /// Takes over the ledger's numbers for hints. `false` if they are not of these hints, or were others before.
    pub(in crate::contract::histories) fn number_notices(&mut self, account: &AccountId, told: &[OpenNotice]) -> bool {
        let mut open: Vec<_> = self.notices.iter_mut().filter(|(of, ..)| of == account).collect();
        let rises = told.windows(2).all(|pair| pair[0].id < pair[1].id);
        let same = open.len() == told.len()
            && open.iter().zip(told).all(|((_, url, at, id), told)| {
                (url, *at) == (&told.url, told.received_at) && id.is_none_or(|id| id == told.id)
            });
        for (row, told) in open.iter_mut().zip(told) {
            row.3 = Some(told.id);
        }
        rises && same
    }

    pub(super) fn shipped(
        &mut self,
        account: &AccountId,
        orders: &[ShippedOrder],
        notices: &[u64],
        looked_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Vec<Envelope> {
        let (mut sends, mut told) = (Vec::new(), Vec::new());
        for order in orders {
            let having = self.jobs.iter().filter(|(_, row)| has(&row.job.reach, account, order));
            let having: Vec<JobKey> = having.map(|(key, _)| key.clone()).filter(|key| !told.contains(key)).collect();
            for key in having {
                if self.ships(&key, now, &mut sends) {
                    told.push(key);
                }
            }
        }
        self.notices.retain(|(of, _, _, id)| of != account || id.is_none_or(|id| !notices.contains(&id)));
        if let Some(until) = looked_until {
            let known = self.looked.entry(account.clone()).or_insert(until);
            *known = (*known).max(until);
        }
        sends
    }

    fn ships(&mut self, key: &JobKey, now: Timestamp, sends: &mut Vec<Envelope>) -> bool {
        let shop = self.row(key).job.shop.clone();
        let wanted = self.shops.get(&shop).is_some_and(|row| !row.removed && row.shop.carriage.tracking.back);
        if !wanted {
            return false;
        }
        let depth = self.depth(&key.0);
        let job = &mut self.row(key).job;
        let correlation = job.correlation.clone();
        let Heard::Newer(placing) = job.has_shipped(now).expect("what looks again may be reopened") else {
            return false;
        };
        let news = Newer { placing, depth, topic: "shipped", correlation: &correlation, at: now };
        if let Recorded::Newer { send: Some(send), .. } = self.newer(key, &news) {
            sends.push(send);
        }
        true
    }
}

/// Whether the warehouse's order is this job's, and the shop was not told of the shipment.
fn has(reach: &Reach, account: &AccountId, order: &ShippedOrder) -> bool {
    match reach {
        Reach::There(copy) => {
            copy.account == *account && copy.order_id == order.order_id && !copy.told.contains_key(&order.shipment)
        }
        Reach::Untouched | Reach::Unresolved => false,
    }
}
