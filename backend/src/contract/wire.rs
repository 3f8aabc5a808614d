//! What goes over the wire to the table: counted, and some answers lost on the way.

mod meeting;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::aws::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use meeting::{Held, met};
use serde_json::{Map, Value};
use tokio::sync::Notify;

/// Stands between a client and the service. Clones are the same wire.
#[derive(Debug, Clone)]
pub struct Wire {
    service: SharedHttpClient,
    state: Arc<Mutex<State>>,
    gate: Arc<Gate>,
}

/// Where a write waits.
#[derive(Debug, Default)]
struct Gate {
    reached: Notify,
    opened: Notify,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<(String, Value)>,
    fault: Fault,
    writes: usize,
    lost: usize,
    held: Held,
}

/// What happens to writes on the wire.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Of every so many the answer is lost.
    LosesEvery(usize),
    /// None arrives.
    Cut,
    /// None arrives after so many more.
    CutAfter(usize),
    /// The next one waits on the wire until it is let go on.
    HoldsNext,
    /// The same for the one after so many more.
    HoldsAfter(usize),
    /// The next read that names this waits, instead of a write.
    HoldsReadOf(&'static str),
    /// A transaction has its items for so long, and another that names one of them is refused. The stand-in makes one write
    /// after the other, so that they never meet there.
    Meets(Duration),
}

impl Wire {
    /// The same account, over a wire.
    pub fn tap(config: &SdkConfig) -> (Self, SdkConfig) {
        let service = aws_smithy_http_client::Builder::new().build_http();
        let wire = Self { service, state: Arc::default(), gate: Arc::default() };
        let config = config.clone().into_builder().http_client(wire.clone()).build();
        (wire, config)
    }

    /// From now on.
    pub fn fails(&self, fault: Fault) {
        self.state().fault = fault;
    }

    /// Waits until a write waits on the wire.
    pub async fn holds(&self) {
        self.gate.reached.notified().await;
    }

    /// Lets it go on.
    pub fn lets_go(&self) {
        self.gate.opened.notify_one();
    }

    /// How many answers were lost, or writes refused.
    pub fn lost(&self) -> usize {
        self.state().lost
    }

    /// The calls since the last time, each with what it said.
    pub fn calls(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.state().calls)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a call down. What happens to it.
    fn passes(&self, request: &HttpRequest) -> Fate {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let kind = target.rsplit('.').next().unwrap_or_default().to_owned();
        let said = request.body().bytes().and_then(|body| serde_json::from_slice(body).ok());
        let mut state = self.state();
        let writes = ["TransactWriteItems", "PutItem", "BatchWriteItem"].contains(&kind.as_str());
        let said: Value = said.unwrap_or_default();
        let names = |text: &str| kind == "GetItem" && said["Key"].to_string().contains(text);
        let held_read = matches!(state.fault, Fault::HoldsReadOf(text) if names(text));
        if let (Fault::Meets(time), "TransactWriteItems") = (state.fault, kind.as_str())
            && state.held.meets(&said, time)
        {
            state.lost += 1;
            return Fate::Meets(said);
        }
        state.calls.push((kind, said));
        state.writes += usize::from(writes);
        match state.fault {
            Fault::LosesEvery(nth) if writes && state.writes.is_multiple_of(nth) => {
                state.lost += 1;
                Fate::Unanswered
            }
            Fault::Cut | Fault::CutAfter(0) if writes => Fate::Cut,
            Fault::HoldsNext | Fault::HoldsAfter(0) if writes => {
                state.fault = Fault::None;
                Fate::Waits
            }
            Fault::CutAfter(more) if writes => {
                state.fault = Fault::CutAfter(more - 1);
                Fate::Passes
            }
            Fault::HoldsAfter(more) if writes => {
                state.fault = Fault::HoldsAfter(more - 1);
                Fate::Passes
            }
            Fault::HoldsReadOf(_) if held_read => {
                state.fault = Fault::None;
                Fate::Waits
            }
            Fault::None
            | Fault::LosesEvery(_)
            | Fault::Cut
            | Fault::CutAfter(_)
            | Fault::HoldsNext
            | Fault::HoldsAfter(_)
            | Fault::HoldsReadOf(_)
            | Fault::Meets(_) => Fate::Passes,
        }
    }
}

enum Fate {
    Passes,
    Meets(Value),
    Unanswered,
    Cut,
    Waits,
}

impl HttpClient for Wire {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let service = self.service.http_connector(settings, components);
        SharedHttpConnector::new(Tapped { service, wire: self.clone() })
    }
}

#[derive(Debug)]
struct Tapped {
    service: SharedHttpConnector,
    wire: Wire,
}

impl HttpConnector for Tapped {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let gone = |why: &str| ConnectorError::timeout(why.to_owned().into());
        match self.wire.passes(&request) {
            Fate::Passes => self.service.call(request),
            Fate::Cut => HttpConnectorFuture::ready(Err(gone("the wire is cut"))),
            Fate::Meets(said) => HttpConnectorFuture::ready(met(&said)),
            Fate::Waits => {
                let (service, gate) = (self.service.clone(), Arc::clone(&self.wire.gate));
                HttpConnectorFuture::new(async move {
                    gate.reached.notify_one();
                    gate.opened.notified().await;
                    service.call(request).await
                })
            }
            Fate::Unanswered => {
                let answer = self.service.call(request);
                HttpConnectorFuture::new(async move { answer.await.and_then(|_| Err(gone("the answer was lost"))) })
            }
        }
    }
}

/// Counts what calls cost in capacity units (*Read/write capacity mode*: a write is one unit for each KB, in a transaction two,
/// a strong read one for each 4 KB, an index that takes an entry up or drops one a unit each). Sizes are those the calls
/// tell, so that what is deleted or added to counts as the smallest there is.
#[derive(Debug, Default)]
pub struct Meter {
    /// The places of each item in the indexes.
    listed: BTreeMap<String, [Option<String>; 2]>,
    /// When the sweep looks at a line, as far as it was told.
    due: BTreeMap<String, bool>,
}

impl Meter {
    /// What these calls cost, which come after all that it has counted.
    pub fn count(&mut self, calls: &[(String, Value)]) -> BTreeMap<&'static str, u64> {
        let mut counted = BTreeMap::new();
        let mut add = |what, n| *counted.entry(what).or_default() += n;
        for (kind, said) in calls {
            match kind.as_str() {
                "TransactWriteItems" => {
                    add("transactions", 1);
                    for write in said["TransactItems"].as_array().into_iter().flatten() {
                        add("items written", 1);
                        add("write units", 2 * write["Put"]["Item"].as_object().map_or(1, kilobytes));
                        add("index units", self.indexes(write));
                    }
                }
                "PutItem" => {
                    add("limits written", 1);
                    add("write units", said["Item"].as_object().map_or(1, kilobytes));
                }
                "UpdateItem" => {
                    add("places given", 1);
                    add("write units", 1);
                }
                "GetItem" | "Query" => add("strong reads", 1),
                "BatchGetItem" => {
                    for keys in said["RequestItems"].as_object().into_iter().flatten() {
                        add("strong reads", keys.1["Keys"].as_array().map_or(0, Vec::len) as u64);
                    }
                    add("batches of reads", 1);
                }
                _ => add("other calls", 1),
            }
        }
        counted
    }

    /// Entries that indexes take up or drop because of one write.
    fn indexes(&mut self, write: &Value) -> u64 {
        if let Some(item) = write["Put"]["Item"].as_object() {
            let text = |name: &str| item.get(name).and_then(|value| value["S"].as_str());
            let place = |hash: &str, range: &str| Some(format!("{}/{}", text(hash)?, text(range)?));
            let is = [place("l1", "l1at"), place("l2", "l2at")];
            let was = self.listed.insert(name_of(item), is.clone()).unwrap_or_default();
            let moved = was.iter().zip(&is).filter(|(was, is)| was != is);
            return moved.map(|(was, is)| u64::from(was.is_some()) + u64::from(is.is_some())).sum();
        }
        let Some(update) = write["Update"].as_object() else { return 0 };
        let told = update.get("UpdateExpression").and_then(Value::as_str).unwrap_or_default();
        let names = update.get("ExpressionAttributeNames").and_then(Value::as_object);
        let tells = |name: &str| names.into_iter().flatten().any(|(_, is)| is == name);
        let dropped = told.contains("REMOVE wake");
        if !tells("wake") && !dropped {
            return 0;
        }
        let key = update.get("Key").and_then(Value::as_object).map(name_of).unwrap_or_default();
        let was_due = self.due.insert(key, !dropped).unwrap_or_default();
        u64::from(was_due) + u64::from(!dropped)
    }
}

fn name_of(item: &Map<String, Value>) -> String {
    let part = |name: &str| item.get(name).and_then(|value| value["S"].as_str()).unwrap_or_default().to_owned();
    format!("{}/{}", part("pk"), part("sk"))
}

fn kilobytes(item: &Map<String, Value>) -> u64 {
    let bytes: usize = item.iter().map(|(name, is)| name.len() + length(is)).sum();
    bytes.div_ceil(1024) as u64
}

fn length(attribute: &Value) -> usize {
    attribute.as_object().into_iter().flatten().map(|(_, value)| value.as_str().map_or(1, str::len)).sum()
}
