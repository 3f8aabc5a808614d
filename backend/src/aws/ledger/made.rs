//! How the table is made, and the check at the start that it is made so.

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata as _};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TableStatus,
};
use std::time::Duration;

use super::item::{PK, SK};
use super::table::{DUE, Index, LIST, OTHER_LIST, Patience, Table, client};
use crate::aws::SdkConfig;

/// Why a table is not used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// There is no such table.
    #[error("there is no table {0}; check its name, the account and the region")]
    NoSuchTable(String),
    /// It could not be asked, or would not tell.
    #[error("the table {name} cannot be reached: {why}")]
    Unreachable {
        /// The table.
        name: String,
        /// What happened.
        why: String,
    },
    /// It is there, but the ledger cannot work with it.
    #[error(
        "the table {name} cannot be used: {}; keys and indexes are fixed when a table is made, so make a new one",
        faults.join("; ")
    )]
    Wrong {
        /// The table.
        name: String,
        /// All that is wrong with it.
        faults: Vec<String>,
    },
}

const INDEXES: [Index; 3] = [LIST, OTHER_LIST, DUE];

/// What an index is ordered by: only when the sweep looks is a number.
fn kind(attribute: &str) -> ScalarAttributeType {
    if attribute == DUE.range { ScalarAttributeType::N } else { ScalarAttributeType::S }
}

/// Refuses a table that is made otherwise.
pub(super) async fn check(table: &Table) -> Result<(), TableError> {
    let name = table.name().to_owned();
    let asked = table.client().describe_table().table_name(&name).send().await;
    let found = asked.map_err(|error| match error.code() {
        Some("ResourceNotFoundException") => TableError::NoSuchTable(name.clone()),
        _ => TableError::Unreachable { name: name.clone(), why: DisplayErrorContext(&error).to_string() },
    })?;
    let Some(found) = found.table else { return Err(TableError::NoSuchTable(name)) };
    let mut faults = Vec::new();
    if !has_keys(found.key_schema(), PK, SK) {
        faults.push(format!("its key is not {PK} and {SK}"));
    }
    for index in INDEXES {
        let made = found.global_secondary_indexes().iter().find(|made| made.index_name() == Some(index.name));
        match made {
            None => faults.push(format!("it has no index {}", index.name)),
            Some(made) if !has_keys(made.key_schema(), index.hash, index.range) => {
                faults.push(format!("the key of its index {} is not {} and {}", index.name, index.hash, index.range));
            }
            Some(_) => {}
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(TableError::Wrong { name, faults }) }
}

fn has_keys(schema: &[KeySchemaElement], hash: &str, range: &str) -> bool {
    let is =
        |kind: KeyType, name: &str| schema.iter().any(|key| key.key_type() == &kind && key.attribute_name() == name);
    is(KeyType::Hash, hash) && is(KeyType::Range, range)
}

/// How often, and with what pauses, a new table is asked whether it is there.
const LOOKS: u32 = 120;
const LOOK: Duration = Duration::from_millis(500);

/// Makes a table, paid for by request, without backups.
pub async fn create(config: &SdkConfig, name: &str, patience: Patience) -> Result<(), TableError> {
    let client = client(config, patience);
    let unreachable = |why: String| TableError::Unreachable { name: name.to_owned(), why };
    let mut call = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(keys(PK, SK).map_err(&unreachable)?));
    let named = INDEXES.iter().flat_map(|index| [index.hash, index.range]);
    for attribute in [PK, SK].into_iter().chain(named) {
        let defined = AttributeDefinition::builder().attribute_name(attribute).attribute_type(kind(attribute)).build();
        call = call.attribute_definitions(defined.map_err(|error| unreachable(error.to_string()))?);
    }
    for index in INDEXES {
        let made = GlobalSecondaryIndex::builder()
            .index_name(index.name)
            .set_key_schema(Some(keys(index.hash, index.range).map_err(&unreachable)?))
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
            .build();
        call = call.global_secondary_indexes(made.map_err(|error| unreachable(error.to_string()))?);
    }
    call.send().await.map_err(|error| unreachable(DisplayErrorContext(&error).to_string()))?;
    for _ in 0..LOOKS {
        let asked = client.describe_table().table_name(name).send().await;
        let found = asked.map_err(|error| unreachable(DisplayErrorContext(&error).to_string()))?;
        if found.table.and_then(|table| table.table_status) == Some(TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(unreachable("it was made a minute ago and is not there yet".to_owned()))
}

fn keys(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>, String> {
    let key = |name: &str, kind: KeyType| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let both = [key(hash, KeyType::Hash), key(range, KeyType::Range)];
    both.into_iter().collect::<Result<_, _>>().map_err(|error| error.to_string())
}
