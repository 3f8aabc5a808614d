//! What the limiters of several processes agree on, each account in an item of its own: it is written far more often
//! than anything else of an account, on one condition alone. A single `PutItem` costs half of what a transaction would.

use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use lane::id::AccountId;
use lane::ports::{Agreed, LedgerError, Limit, Limits};

use super::Ledger;
use super::item::{Item, PK, REV, SK};
use super::key::Key;
use super::table::{Table, revision, unavailable};
use super::unit::new_token;
use crate::ledger::fault::Fault;

const WORDS: &str = "words";
/// Which write it was. The SDK repeats a call whose answer was lost, and finds the item as that call left it.
const TOKEN: &str = "token";

#[async_trait]
impl Limits for Ledger {
    async fn limit(&self, account: &AccountId) -> Result<Option<Limit>, LedgerError> {
        let found = self.table.get(&Key::limits(account)).await?;
        Ok(found.as_ref().map(limit).transpose()?)
    }

    async fn agree(&self, account: &AccountId, words: &str, read: u64) -> Result<Agreed, LedgerError> {
        Ok(agree(&self.table, &Key::limits(account), words, read).await?)
    }
}

fn limit(item: &Item) -> Result<Limit, Fault> {
    let rev = u64::try_from(revision(item)?).map_err(Fault::unreadable)?;
    Ok(Limit { words: item.known(WORDS)?.to_owned(), rev })
}

async fn agree(table: &Table, key: &Key, words: &str, read: u64) -> Result<Agreed, Fault> {
    let token = new_token();
    let item = Item::default().with(PK, key.pk.as_str()).with(SK, key.sk.as_str()).with(REV, read.saturating_add(1));
    let item = item.with(WORDS, words).with(TOKEN, token.as_str());
    let condition = if read == 0 { format!("attribute_not_exists({PK})") } else { format!("{REV} = :read") };
    let values = (read > 0).then(|| Item::default().with(":read", read).into_attributes());
    let call = table
        .client()
        .put_item()
        .table_name(table.name())
        .set_item(Some(item.into_attributes()))
        .condition_expression(condition)
        .set_expression_attribute_values(values)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let Err(error) = call.send().await else { return Ok(Agreed::Yes) };
    let SdkError::ServiceError(answer) = &error else { return Err(unavailable(&error)) };
    let refusal = answer.err();
    if let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failed) = refusal {
        let stands = Item::from_attributes(failed.item().cloned().unwrap_or_default());
        let ours = stands.text(TOKEN) == Some(token.as_str());
        return Ok(if ours { Agreed::Yes } else { Agreed::Overtaken });
    }
    Err(unavailable(&error))
}
