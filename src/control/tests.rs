mod past;
mod linked;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use backend::embedded::ledger::Ledger;
use backend::embedded::queue::{self, Queue};
use backend::secrets::Local;
use lane::carriage::Carriage;
use lane::clock::{Clock, SystemClock};
use lane::id::{AccountId, OperatorId, ShopId};
use lane::operator::Role;
use lane::policy::Policy;
use lane::ports::Desk as _;
use lane::rules::{HoldRules, Rule};
use lane::shop::{Qualification, Shop, Source};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;

/// A running program, as far as commands go.
struct Running {
    folder: TempDir,
    ledger: Ledger,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Running {
    fn socket(&self) -> PathBuf {
        self.folder.path().join("ledger.sock")
    }

    async fn ask(&self, command: Command) -> Reply {
        match ask(&self.socket(), &command).await.unwrap() {
            Answer::Reply(reply) => reply,
            Answer::NobodyListens => panic!("nobody listens"),
        }
    }
}

fn office(ledger: &Ledger) -> Office {
    let shared = Arc::new(ledger.clone());
    let warehouses = BTreeSet::from([AccountId::at("shipstation", "main")]);
    Office::new(
        Ports::of(&shared),
        warehouses,
        Arc::new(Local),
        Arc::new(SystemClock::start()),
        StdRng::seed_from_u64(1),
    )
}

fn running() -> Running {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&folder.path().join("ledger"), &SystemClock::start()).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let queue = Queue::new(lane::id::Queue::Orders, clock, queue::Settings::default());
    let socket = Socket::open(folder.path().join("ledger.sock")).unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(socket.serve(Arc::new(office(&ledger)), Arc::new(queue), stop.clone()));
    Running { folder, ledger, stop, serving }
}

fn shop() -> Shop {
    Shop {
        id: ShopId::parse("acme").unwrap(),
        source: Source::Shopify,
        domains: vec!["Acme.myshopify.com".into(), "acme.myshopify.com".into()],
        token: "env:PATH".parse().unwrap(),
        warehouse: AccountId::at("shipstation", "main"),
        policy: Policy::default(),
        rules: HoldRules {
            rules: vec![Rule::TotalAbove { limit: "500.00 USD".parse().unwrap() }],
            ..HoldRules::default()
        },
        qualifies: Qualification::default(),
        carriage: Carriage::default(),
        added_at: Timestamp::UNIX_EPOCH,
    }
}

fn add(shop: Shop) -> Command {
    Command::ShopAdd { shop: Box::new(shop), replace: false }
}

fn replace(shop: Shop) -> Command {
    Command::ShopAdd { shop: Box::new(shop), replace: true }
}

#[tokio::test]
async fn a_known_shop_is_replaced_only_on_demand_and_a_removed_one_comes_back_without_it() {
    let running = running();
    let domains = vec!["acme.myshopify.com".to_owned(), "acme-old.myshopify.com".to_owned()];
    let before = Shop { domains, ..shop() };
    running.ask(add(before.clone())).await;
    let plain = Shop { rules: HoldRules::default(), ..shop() };

    let refused = running.ask(add(plain.clone())).await;
    assert!(is_refusal(&refused), "{refused:?}");
    for part in ["above 500.00 USD", "acme-old", "goes to its default", "--replace"] {
        assert!(words(&refused).contains(part), "{part}: {}", words(&refused));
    }
    let Reply::Shops(kept) = running.ask(Command::ShopList).await else { panic!() };
    assert_eq!((&kept[0].rules, &kept[0].domains), (&before.rules, &before.domains));

    let replaced = running.ask(replace(plain.clone())).await;
    assert!(!is_refusal(&replaced), "{replaced:?}");
    for part in ["Before, it was", "above 500.00 USD", "name acme-old.myshopify.com are no longer this shop's"] {
        assert!(words(&replaced).contains(part), "{part}: {}", words(&replaced));
    }
    running.ask(Command::ShopRemove(plain.id.clone())).await;
    let back = running.ask(add(plain)).await;
    assert!(matches!(back, Reply::ShopAdded { replaced: None, .. }), "{back:?}");
}

#[tokio::test]
async fn a_shop_goes_the_whole_way_round() {
    let running = running();
    let added = running.ask(add(shop())).await;
    let Reply::ShopAdded { shop: known, replaced: None, became_work: 0, notes } = &added else { panic!("{added:?}") };
    assert_eq!((known.domains.len(), known.domain()), (1, "acme.myshopify.com"));
    assert!(notes.is_empty() && known.added_at > Timestamp::UNIX_EPOCH);
    assert!(words(&added).contains("holds: total above 500.00 USD"), "{}", words(&added));

    let again = running.ask(replace(shop())).await;
    let Reply::ShopAdded { shop: same, replaced: Some(_), .. } = &again else { panic!("{again:?}") };
    assert_eq!(same.added_at, known.added_at);
    assert_eq!(running.ask(Command::ShopList).await, Reply::Shops(vec![Shop::clone(same)]));

    let id = known.id.clone();
    assert_eq!(running.ask(Command::ShopRemove(id.clone())).await, Reply::ShopRemoved(id.clone()));
    let gone = running.ask(Command::ShopRemove(id)).await;
    assert!(is_refusal(&gone), "{gone:?}");
}

#[tokio::test]
async fn a_shop_that_cannot_be_is_refused_in_words() {
    let running = running();
    let elsewhere = Shop { domains: vec!["acme.example.com".into()], ..shop() };
    let unknown = Shop { warehouse: AccountId::at("shipstation", "other"), ..shop() };
    for (shop, part) in [(elsewhere, "not a Shopify domain"), (unknown, "no warehouse account shipstation/other")] {
        let reply = running.ask(add(shop)).await;
        assert!(is_refusal(&reply) && words(&reply).contains(part), "{}", words(&reply));
    }
    assert_eq!(running.ask(Command::ShopList).await, Reply::Shops(Vec::new()));
}

#[tokio::test]
async fn a_domain_that_another_shop_has_is_refused() {
    let running = running();
    running.ask(add(shop())).await;
    let other = Shop { id: ShopId::parse("bolt").unwrap(), ..shop() };
    let reply = running.ask(add(other)).await;
    assert!(words(&reply).contains("belongs to the shop acme already"), "{}", words(&reply));
}

#[tokio::test]
async fn a_token_the_program_cannot_read_is_noted() {
    let running = running();
    let hidden = Shop { token: "env:LANEKEEPER_NO_SUCH_TOKEN".parse().unwrap(), ..shop() };
    let reply = running.ask(add(hidden)).await;
    assert!(words(&reply).contains("Note: the secret env:LANEKEEPER_NO_SUCH_TOKEN is missing"), "{}", words(&reply));
}

#[tokio::test]
async fn an_operators_token_opens_the_desk_until_it_is_replaced_or_disabled() {
    let running = running();
    let name = OperatorId::parse("Mia").unwrap();
    let add = Command::OperatorAdd { name: name.clone(), role: Role::Reviewer };
    let opens = async |token: &ShownOnce| {
        let known = running.ledger.operator(&review::token_hash(&token.0)).await.unwrap();
        known.is_some_and(|known| !known.disabled && known.role == Role::Reviewer)
    };
    let Reply::OperatorAdded { token: first, replaced: false, .. } = running.ask(add.clone()).await else { panic!() };
    assert!(opens(&first).await);
    let Reply::OperatorAdded { token: second, replaced: true, .. } = running.ask(add).await else { panic!() };
    assert_ne!(first, second);
    assert!(!opens(&first).await && opens(&second).await);
    running.ask(Command::OperatorDisable(name.clone())).await;
    assert!(!opens(&second).await);
    let listed = running.ask(Command::OperatorList).await;
    assert_eq!(words(&listed), "Mia  reviewer  (disabled)");
    assert!(!format!("{listed:?}{second:?}").contains(&second.0));
    let nobody = running.ask(Command::OperatorDisable(OperatorId::parse("Nobody").unwrap())).await;
    assert!(is_refusal(&nobody));
}

#[tokio::test]
async fn the_socket_is_for_its_user_alone_and_goes_with_the_program() {
    let running = running();
    let mode = std::fs::metadata(running.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    running.stop.cancel();
    running.serving.await.unwrap();
    let socket = running.folder.path().join("ledger.sock");
    assert_eq!(ask(&socket, &Command::ShopList).await.unwrap(), Answer::NobodyListens);
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_socket_left_by_a_killed_program_is_nobodys_and_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    assert_eq!(ask(&path, &Command::ShopList).await.unwrap(), Answer::NobodyListens);
    assert!(Socket::open(path).is_ok());
}

#[tokio::test]
async fn without_a_program_the_same_commands_are_carried_out_on_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&folder.path().join("ledger"), &SystemClock::start()).unwrap();
    let reply = office(&ledger).carry_out(add(shop())).await.reply;
    assert!(matches!(reply, Reply::ShopAdded { replaced: None, .. }), "{reply:?}");
}
