//! The shops, and the one address at which they are asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lane::clock::Clock;
use serde_json::{Map, Value, json};

use super::access::Scopes;
use super::act::Act;
use super::acting;
use super::beyond::Stored;
use super::bucket::Bucket;
use super::check::requested_cost;
use super::execute::{self, Answered};
use super::mutation::{self, Caller, find, id_of};
use super::parts::{self, Ids, Location};
use super::problem::Problem;
use super::query::{Operation, Query};
use super::risk::Risk;
use super::schema::{Schema, SchemaError};
use super::translate::{self, gid};
use super::webhook::{Webhook, shop_id};
use super::{BadOrder, Settings, Shops, shipments};
use crate::front::{Allowance, Provider, Recognised};
use crate::journal::Journal;
use crate::locked;
use crate::server::{Arrived, Reply};

/// One shop.
#[derive(Debug)]
pub(super) struct Shop {
    /// Nothing once it was revoked.
    pub(super) token: Option<String>,
    pub(super) scopes: Scopes,
    pub(super) orders: BTreeMap<u64, Stored>,
    pub(super) risks: BTreeMap<u64, Risk>,
    pub(super) ids: Ids,
    /// Locations besides those of its orders' parts, and whether they are active.
    pub(super) locations: BTreeMap<u64, (Location, bool)>,
    /// What Shopify would tell because of calls, not yet taken by the test.
    pub(super) told: Vec<Webhook>,
    pub(super) bucket: Bucket,
}

impl Shop {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self {
            token: None,
            scopes: Scopes::default(),
            orders: BTreeMap::new(),
            risks: BTreeMap::new(),
            ids: Ids::default(),
            locations: BTreeMap::new(),
            told: Vec::new(),
            bucket,
        }
    }
}

/// All shops and what they have in common.
pub(crate) struct Api {
    pub(super) shops: Shops,
    schema: Schema,
    settings: Settings,
    pub(super) clock: Arc<dyn Clock>,
    journal: Journal,
}

/// Stores an order under its id, over an older one; a new one without a `simulator` member keeps what the older one's
/// said, and its parts follow it.
pub(super) fn store_order(shop: &mut Shop, mut order: Value) -> Result<u64, BadOrder> {
    let id = order["id"].as_u64().ok_or(BadOrder::NoId)?;
    if order.get("simulator").is_none()
        && let Some(stored) = shop.orders.get_mut(&id)
    {
        stored.rest = order.take();
        parts::follow(&stored.rest, &mut stored.parts, &mut shop.ids);
        return Ok(id);
    }
    let (stored, risk) = Stored::read(order, &mut shop.ids)?;
    shop.orders.insert(id, stored);
    shop.risks.extend(risk.map(|risk| (id, risk)));
    Ok(id)
}

impl Provider for Api {
    fn recognise(&self, request: &Arrived) -> Recognised {
        let account = request.segments().first().map(|domain| domain.to_lowercase()).unwrap_or_default();
        let query = Asked::read(&request.body).and_then(|asked| Query::parse(&asked.query));
        let operation = query.ok().and_then(|query| query.root_field().map(str::to_owned));
        Recognised { account, operation: operation.unwrap_or_else(|| "graphql".to_owned()) }
    }

    fn admit(&self, request: &Arrived, who: &Recognised) -> Result<Allowance, Reply> {
        let segments = request.segments();
        let [_, "admin", "api", version, "graphql.json"] = segments[..] else {
            return Err(not_found());
        };
        if request.method != "POST" {
            return Err(Reply::json(405, &json!({"errors": "Method Not Allowed"})));
        }
        let shops = locked(&self.shops);
        let shop = shops.get(&who.account).ok_or_else(not_found)?;
        let token = request.header("x-shopify-access-token");
        if token.is_none() || token != shop.token.as_deref() {
            return Err(self.refused());
        }
        Ok(Allowance { headers: vec![("X-Shopify-API-Version".to_owned(), version.to_owned())], remaining: None })
    }

    fn carry_out(&self, request: &Arrived, who: &Recognised, call: u64) -> Reply {
        let answered = Asked::read(&request.body).and_then(|asked| self.ask(&who.account, &asked, call));
        answered.unwrap_or_else(|problem| failed(&problem, None))
    }

    fn refused(&self) -> Reply {
        let error = "[API] Invalid API key or access token (unrecognized login or wrong password)";
        Reply::json(401, &json!({"errors": error}))
    }

    fn throttled(&self, retry_after_seconds: u64) -> Reply {
        let mut reply = Reply::json(429, &json!({"errors": "Too Many Requests"}));
        reply.headers.push(("Retry-After".to_owned(), retry_after_seconds.to_string()));
        reply
    }

    fn give_order(&self, account: &str, order: Value) -> Result<(), String> {
        let mut shops = locked(&self.shops);
        let shop = shops.get_mut(&account.to_lowercase()).ok_or("there is no such shop")?;
        store_order(shop, order).map(|_| ()).map_err(|error| error.to_string())
    }

    fn act(&self, account: &str, act: Value) -> Result<Value, String> {
        let act = serde_json::from_value(act).map_err(|error| error.to_string())?;
        let told = self.carry_act(account, act).map_err(|error| error.to_string())?;
        Ok(json!(told))
    }

    fn all_orders(&self) -> Value {
        let shops = locked(&self.shops);
        let of_shop = |shop: &Shop| shop.orders.values().map(|stored| stored.rest.clone()).collect::<Value>();
        Value::Object(shops.iter().map(|(domain, shop)| (domain.clone(), of_shop(shop))).collect::<Map<_, _>>())
    }
}

impl Api {
    pub(super) fn new(settings: Settings, clock: Arc<dyn Clock>, journal: Journal) -> Result<Self, SchemaError> {
        Ok(Self { shops: Mutex::default(), schema: Schema::read()?, settings, clock, journal })
    }

    /// Somebody at the shop does something; says whom Shopify tells.
    pub(super) fn carry_act(&self, domain: &str, act: Act) -> Result<Vec<Webhook>, BadOrder> {
        let domain = domain.to_lowercase();
        let mut shops = locked(&self.shops);
        let shop = shops.get_mut(&domain).ok_or(BadOrder::NoShop)?;
        acting::carry_out(shop, &domain, act, self.clock.now())
    }

    pub(super) fn full_bucket(&self) -> Bucket {
        Bucket::full(self.settings.maximum_available, self.settings.restore_rate, self.clock.now())
    }

    fn ask(&self, domain: &str, asked: &Asked, call: u64) -> Result<Reply, Problem> {
        let query = Query::parse(&asked.query)?;
        let operation = query.operation(asked.operation_name.as_deref(), &asked.variables)?;
        let requested = requested_cost(&self.schema, &operation)?;
        let mut shops = locked(&self.shops);
        let Some(shop) = shops.get_mut(domain) else { return Ok(not_found()) };
        if requested > self.settings.query_cost_max {
            return Ok(failed(&self.too_dear(requested), Some((requested, &shop.bucket))));
        }
        if !shop.bucket.reserve(requested, self.clock.now()) {
            let throttled = Problem::new("THROTTLED", "Throttled");
            return Ok(failed(&throttled, Some((requested, &shop.bucket))));
        }
        let caller = Caller { account: domain, call, now: self.clock.now(), journal: &self.journal };
        match run(&self.schema, &operation, shop, &caller) {
            Ok(answered) => {
                shop.bucket.refund(requested.saturating_sub(answered.cost));
                let cost = cost_of(requested, Some(answered.cost), &shop.bucket);
                let mut body = json!({"data": answered.data, "extensions": {"cost": cost}});
                if !answered.refused.is_empty() {
                    body["errors"] = answered.refused.iter().map(Problem::to_json).collect();
                }
                Ok(reply(&body, Some(&shop.bucket)))
            }
            Err(problem) => {
                shop.bucket.refund(requested);
                Ok(failed(&problem, Some((requested, &shop.bucket))))
            }
        }
    }

    fn too_dear(&self, requested: u64) -> Problem {
        let most = self.settings.query_cost_max;
        let message = format!("Query cost is {requested}, which exceeds the single query max cost limit ({most}).");
        Problem::new("MAX_COST_EXCEEDED", message).with("cost", requested).with("maxCost", most)
    }
}

/// The body of a GraphQL request.
struct Asked {
    query: String,
    operation_name: Option<String>,
    variables: Value,
}

impl Asked {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let body: Value = serde_json::from_slice(body).map_err(|error| Problem::bare(error.to_string()))?;
        let query =
            body["query"].as_str().ok_or_else(|| Problem::bare("Required parameter missing or invalid: query"))?;
        Ok(Self {
            query: query.to_owned(),
            operation_name: body["operationName"].as_str().map(str::to_owned),
            variables: body["variables"].clone(),
        })
    }
}

fn run(schema: &Schema, operation: &Operation<'_>, shop: &mut Shop, caller: &Caller<'_>) -> Result<Answered, Problem> {
    let scopes = shop.scopes.clone();
    execute::run(schema, operation, &scopes, &mut |field, arguments| match field {
        "order" => Ok(tree(shop, global(&arguments["id"], "Order")?)),
        "fulfillmentOrder" => {
            let found = find(shop, global(&arguments["id"], "FulfillmentOrder")?);
            let seen = found.filter(|(_, stored, index)| shop.scopes.reads(&stored.parts[*index]));
            Ok(seen.map_or(Value::Null, |(order, stored, index)| {
                shipments::part(&stored.parts[index], stored, &tree(shop, order))
            }))
        }
        "fulfillmentCreate" => Ok(mutation::fulfilment_create(shop, arguments, caller)),
        "shop" => Ok(described(caller.account, shop)),
        "locations" => Ok(shipments::locations(shop, &arguments["includeInactive"], &arguments["includeLegacy"])),
        _ => {
            let granted = shop.scopes.handles();
            let handles: Value = granted.map(|scope| json!({"handle": scope, "description": scope})).collect();
            Ok(json!({"id": "gid://shopify/AppInstallation/1", "accessScopes": handles}))
        }
    })
}

fn tree(shop: &Shop, id: u64) -> Value {
    let risk = shop.risks.get(&id).cloned().unwrap_or_default();
    shop.orders.get(&id).map_or(Value::Null, |stored| translate::order(stored, &risk, &shop.scopes))
}

fn described(domain: &str, shop: &Shop) -> Value {
    let name = domain.split('.').next().unwrap_or(domain);
    let currency = shop.orders.values().next().map_or(json!("USD"), |stored| stored.rest["currency"].clone());
    json!({
        "id": gid("Shop", &json!(shop_id(domain))),
        "name": name,
        "email": format!("owner@{domain}"),
        "myshopifyDomain": domain,
        "currencyCode": currency,
    })
}

fn global(given: &Value, kind: &str) -> Result<u64, Problem> {
    id_of(given, kind).ok_or_else(|| {
        let text = given.as_str().unwrap_or_default();
        Problem::new("argumentLiteralsIncompatible", format!("Invalid global id '{text}'"))
    })
}

fn cost_of(requested: u64, actual: Option<u64>, bucket: &Bucket) -> Value {
    json!({"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": bucket.status()})
}

/// Errors come with status 200. A query that does not fit the schema is never priced, so it has no cost.
fn failed(problem: &Problem, priced: Option<(u64, &Bucket)>) -> Reply {
    let mut body = json!({"errors": [problem.to_json()]});
    if let Some((requested, bucket)) = priced {
        body["extensions"] = json!({"cost": cost_of(requested, None, bucket)});
    }
    reply(&body, priced.map(|(_, bucket)| bucket))
}

fn reply(body: &Value, bucket: Option<&Bucket>) -> Reply {
    let mut reply = Reply::json(200, body);
    reply.remaining = bucket.and_then(|bucket| i64::try_from(bucket.available()).ok());
    reply
}

fn not_found() -> Reply {
    Reply::json(404, &json!({"errors": "Not Found"}))
}
