//! An order's file: what it shows, what is sold, what was changed, and what must become of it.

use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use simulators::orders::Sale;
use simulators::shopify::Act;

use super::SOLD_AT;

/// Keeps the ids of these orders apart from those that other tests make.
const SEED: u64 = 300;

/// One order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fixture {
    /// The file's name.
    #[serde(skip)]
    pub(super) name: String,
    /// Which rule or oddity it is about.
    pub(super) shows: String,
    /// Whose terms count, by their file's name.
    pub(super) shop: String,
    number: u64,
    pub(super) ends: Ends,
    /// Why it is held.
    pub(super) reason: Option<String>,
    /// How many units the warehouse packs.
    pub(super) units: Option<u64>,
    /// What customs is told the goods are worth, in all.
    pub(super) declares: Option<Decimal>,
    /// How that was reckoned, by hand.
    reckoned: Option<String>,
    /// What is sold. The simulator makes a whole REST order of it.
    sale: Value,
    /// Members of the order's lines, by SKU, that replace what the sale made.
    #[serde(default)]
    lines: Map<String, Value>,
    /// Members of the order that replace what the sale made.
    #[serde(default)]
    order: Value,
    /// What is done to it at the shop before we hear of it; the order's id is added.
    #[serde(default)]
    acts: Vec<Value>,
    /// How many more orders of its customer are in line behind it.
    #[serde(default)]
    pub(super) also_in_line: u64,
}

/// What must become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ends {
    Done,
    Held,
    Skipped,
    Waiting,
}

impl Ends {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Held => "held",
            Self::Skipped => "skipped",
            Self::Waiting => "waiting",
        }
    }
}

/// Every order of the folder, by name; and the one in the platform's published shape.
pub(super) fn all() -> Vec<Fixture> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(data("orders")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut all: Vec<Fixture> = files.iter().map(|file| read(file)).collect();
    all.push(as_published());
    all
}

/// The terms of a shop.
pub(super) fn terms(shop: &str) -> String {
    std::fs::read_to_string(data("shops").join(format!("{shop}.toml"))).unwrap()
}

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder)
}

fn read(file: &Path) -> Fixture {
    let text = std::fs::read_to_string(file).unwrap();
    let fixture: Fixture = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Fixture { name: file.file_stem().unwrap().to_str().unwrap().to_owned(), ..fixture }
}

fn as_published() -> Fixture {
    let order: Value = serde_json::from_str(include_str!("../data/order_as_published.json")).unwrap();
    let units = order["line_items"].as_array().unwrap().iter().map(|line| line["quantity"].as_u64().unwrap()).sum();
    Fixture {
        name: "as_published".into(),
        shows: "In the shape of the platform's published sample: every field there, many of them null.".into(),
        shop: "plain".into(),
        number: 0,
        ends: Ends::Done,
        reason: None,
        units: Some(units),
        declares: None,
        reckoned: None,
        sale: Value::Null,
        lines: Map::new(),
        order,
        acts: Vec::new(),
        also_in_line: 0,
    }
}

impl Fixture {
    /// The REST order with its `simulator` member.
    pub(super) fn order(&self) -> Value {
        if self.sale.is_null() {
            return self.order.clone();
        }
        let mut order = self.sold(self.number);
        for line in order["line_items"].as_array_mut().unwrap() {
            let sku = line["sku"].as_str().unwrap_or_default().to_owned();
            patch(line, self.lines.get(&sku).unwrap_or(&Value::Null));
        }
        patch(&mut order, &self.order);
        order
    }

    /// The same once more, ordered later by the same customer.
    pub(super) fn another(&self, nth: u64) -> Value {
        let mut another = self.sold(self.number + 5_000 + nth);
        another["customer"] = self.order()["customer"].clone();
        another
    }

    /// What is done to it at the shop.
    pub(super) fn acts(&self, id: u64) -> Vec<Act> {
        let of_order = |act: &Value| {
            let mut act = act.clone();
            for (_, what) in act.as_object_mut().unwrap() {
                what["order"] = json!(id);
            }
            serde_json::from_value(act).unwrap_or_else(|error| panic!("{}: {error}", self.name))
        };
        self.acts.iter().map(of_order).collect()
    }

    /// How the declared value was reckoned.
    pub(super) fn reckoned(&self) -> &str {
        self.reckoned.as_deref().unwrap_or("nothing is declared")
    }

    fn sold(&self, number: u64) -> Value {
        let sale: Sale =
            serde_json::from_value(self.sale.clone()).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        sale.seed(SEED).order(number, SOLD_AT.parse().unwrap())
    }
}

/// Objects are merged member by member, everything else replaces what stood there; null takes away.
fn patch(stands: &mut Value, by: &Value) {
    let Value::Object(by) = by else { return };
    for (name, value) in by {
        match (&mut stands[name], value) {
            (inner @ Value::Object(_), Value::Object(_)) => patch(inner, value),
            (member, value) => *member = value.clone(),
        }
    }
}
