//! Webhooks and notices, as the handler hands them over: each is one unit.

use async_trait::async_trait;
use lane::ports::{Intake, LedgerError, Notice, Recorded};
use lane::webhook::Webhook;

use super::Ledger;
use super::writer::done;
use crate::bodies::compress;
use crate::ledger::{intake, shipping};

#[async_trait]
impl Intake for Ledger {
    async fn record(&self, webhook: Webhook) -> Result<Recorded, LedgerError> {
        let body = compress(&webhook.body);
        self.writer.write(move |unit| done(intake::record(unit, &webhook, &body))).await
    }

    async fn notice(&self, notice: &Notice) -> Result<(), LedgerError> {
        let notice = notice.clone();
        self.writer.write(move |unit| done(shipping::notice(unit, &notice))).await
    }
}
