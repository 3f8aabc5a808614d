//! What a record comes to as items.

use lane::clock::Timestamp;
use lane::id::AccountId;
use lane::line::LaneState;
use lane::shop::SecretRef;

use super::super::bodies::give_body;
use super::super::item::Item;
use super::super::key::{Key, job_name};
use super::super::line::COUNTED;
use super::super::rows::desks::{asked_item, audit_item};
use super::super::rows::jobs::{JOB, TOUCHED, job_items};
use super::super::rows::kept::webhook_items;
use super::super::rows::people::{forgotten_item, request_item};
use super::super::rows::shops::{
    ACCOUNTS, LOOKED_UNTIL, NOTICES, STOP_UNTIL, notice_items, operator_items, shop_items,
};
use super::super::rows::webhooks::webhook_item;
use super::super::table::LIST;
use super::Import;
use crate::ledger::fault::Fault;
use crate::moving::{MovedAccount, MovedJob, MovedLane, MovedPart, Record};

/// A provider account, and how many of its notices have come.
#[derive(Default)]
pub(super) struct Account {
    stop_until: Option<Timestamp>,
    looked_until: Option<Timestamp>,
    notices: u64,
}

impl Account {
    fn is(&mut self, account: &MovedAccount) {
        (self.stop_until, self.looked_until) = (account.stop_until, account.looked_until);
    }

    pub(super) fn item(self, id: &AccountId) -> Item {
        let mut item = Item::default().with(NOTICES, self.notices);
        if self.stop_until.is_some() || self.looked_until.is_some() {
            item = item.with(LIST.hash, ACCOUNTS).with(LIST.range, id.as_str());
        }
        item.with(STOP_UNTIL, self.stop_until).with(LOOKED_UNTIL, self.looked_until)
    }
}

impl Import {
    pub(super) fn add(&mut self, record: Record) -> Result<(), Fault> {
        match record {
            Record::Shop(shop) => {
                if !shop.removed && !matches!(shop.shop.token, SecretRef::Parameter(_)) {
                    self.without_token.push(shop.shop.id.clone());
                }
                self.items.extend(shop_items(&shop)?);
            }
            Record::Operator(operator) => self.items.extend(operator_items(&operator)?),
            Record::Account(account) => self.accounts.entry(account.id.clone()).or_default().is(&account),
            Record::Lane(lane) => self.add_lane(lane)?,
            Record::Job(job) => self.add_job(&job)?,
            Record::Part(part) => self.items.push(part_item(&part)),
            Record::Webhook(webhook) => {
                let mut item = webhook_item(&webhook);
                if let Some(body) = &webhook.body
                    && let Some(object) = give_body(&mut item, webhook.number, &body.0)
                {
                    self.objects.push((object, body.0.clone()));
                }
                self.items.extend(webhook_items(webhook.number, item)?);
            }
            Record::Seen { keys } => self.items.extend(keys.iter().map(|key| (Key::seen_half(key), Item::default()))),
            Record::Notice(notice) => {
                self.accounts.entry(notice.account.clone()).or_default().notices += 1;
                self.items.extend(notice_items(notice.number, &notice.account, &notice.url, notice.received_at));
            }
            Record::Asked(asked) => {
                self.items.push((Key::request(&asked.by, &asked.key), asked_item(&asked.request.0, &asked.answer)));
            }
            Record::Audit(audit) => {
                let item = audit_item(audit.at, &audit.by, &audit.what, &audit.on);
                self.items.push((Key::audit(audit.at, audit.number), item));
            }
            Record::Privacy(request) => {
                self.last_request = self.last_request.max(request.id);
                self.items.push((Key::privacy(request.id), request_item(&request)?));
            }
            Record::Forgotten { key, at } => self.items.push((Key::gone_half(&key), forgotten_item(at))),
            Record::Restored { at } => self.restored_at = self.restored_at.max(Some(at)),
            Record::Counts { webhooks } => {
                let item = webhooks
                    .iter()
                    .fold(Item::default(), |item, (outcome, n)| item.with(&format!("{COUNTED}webhook_{outcome}"), *n));
                self.items.push((Key::counts(0), item));
            }
            Record::Begin(_) | Record::End { .. } => {}
        }
        Ok(())
    }

    fn add_lane(&mut self, lane: MovedLane) -> Result<(), Fault> {
        if lane.state != LaneState::default() {
            self.items.push((Key::lane(&lane.key), Item::of(&lane.state)?));
        }
        self.lines.entry(lane.key.clone()).or_default().is(lane);
        Ok(())
    }

    fn add_job(&mut self, moved: &MovedJob) -> Result<(), Fault> {
        self.lines.entry(moved.job.lane.clone()).or_default().add(&moved.job);
        self.items.extend(job_items(moved)?);
        Ok(())
    }
}

fn part_item(part: &MovedPart) -> (Key, Item) {
    let whose = part.job.as_ref().map(|(lane, job)| job_name(lane, job));
    let touched = part.touched_at.filter(|_| whose.is_none());
    (Key::part(&part.shop, &part.id), Item::default().with(JOB, whose).with(TOUCHED, touched))
}
