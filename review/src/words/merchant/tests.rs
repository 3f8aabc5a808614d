use std::collections::BTreeMap;

use lane::clock::Timestamp;
use lane::hold::{Fact, Hold};
use lane::id::{AccountId, CorrelationId, Fence, Fingerprint, JobId, LaneKey, OperatorId, Place, ShopId};
use lane::job::Rejection;
use lane::line::{Pause, Rest};
use lane::marks::Marks;
use lane::outcome::Proof;
use lane::webhook::OrderNews;

use super::*;

/// Everything that must not come through, in what operators and providers wrote.
const SECRET: &str = "CANARY";

/// What only we say.
const OURS: [&str; 12] = [
    "lane",
    "job",
    "attempt",
    "fence",
    "fingerprint",
    "ledger",
    "webhook",
    "queue",
    "lease",
    "operator",
    "token",
    "hold number",
];

const REASONS: [HoldReason; 22] = [
    HoldReason::TotalAbove,
    HoldReason::CountryDiffers,
    HoldReason::RiskPending,
    HoldReason::NoShippingAddress,
    HoldReason::ReadBackDiffers,
    HoldReason::AlreadyShipped,
    HoldReason::InDoubt,
    HoldReason::NotCarriable,
    HoldReason::RiskWarns,
    HoldReason::AddressIncomplete,
    HoldReason::CustomsDiffers,
    HoldReason::CustomsIncomplete,
    HoldReason::QuantityAbove,
    HoldReason::Tagged,
    HoldReason::FirstOrderAbove,
    HoldReason::CustomerWaiting,
    HoldReason::SameAddress,
    HoldReason::SameCard,
    HoldReason::Everything,
    HoldReason::PartNotOurs,
    HoldReason::NotImported,
    HoldReason::TrackingRefused,
];

fn start() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn sample(state: State, reach: Reach) -> Job {
    let shop = ShopId::parse("acme").unwrap();
    let news = OrderNews {
        id: JobId::from(1),
        number: "#1".into(),
        updated_at: None,
        fingerprint: Fingerprint::of(b"1"),
        cancelled: false,
        test: false,
        financial_status: "paid".into(),
        ships_something: true,
        marks: Marks::default(),
    };
    let (lane, correlation) = (LaneKey::orders(&shop), CorrelationId::of(&[1; 32], start()));
    let job = Job::accept(lane, shop, &news, Ok(()), Place(1), correlation, start());
    Job { state, reach, ..job }
}

fn told(state: State) -> Told {
    order(&sample(state, Reach::Untouched))
}

fn there(told: &[(&str, &str)]) -> Reach {
    let told = told.iter().map(|(shipment, id)| ((*shipment).to_owned(), (*id).to_owned())).collect();
    let account = AccountId::at("shipstation", "main");
    Reach::There(WarehouseCopy { account, order_id: "77".into(), written: BTreeMap::new(), told })
}

fn hold(reason: HoldReason, stops: bool) -> State {
    let evidence = vec![Fact::new(SECRET, SECRET)];
    let fingerprint = Fingerprint::of(b"1");
    State::Held(Hold { number: 1, reason, evidence, fingerprint, difference: None, stops, since: start() })
}

fn trouble(at: &str) -> Trouble {
    Trouble::new(at, SECRET)
}

fn paused_for(why: PauseReason) -> LaneStatus {
    let by = Some(OperatorId::parse(SECRET).unwrap());
    LaneStatus::Paused(Pause { why, until: Some(start()), by, since: start() })
}

fn view(status: LaneStatus) -> LaneView {
    let shop = ShopId::parse("acme").unwrap();
    let head = Some((JobId::from(1), "#1001".to_owned()));
    LaneView { lane: LaneKey::orders(&shop), shop, status, head, depth: 1, oldest: None }
}

/// Everything that can be said of an order or a shop.
fn everything() -> Vec<String> {
    let (by, why) = (OperatorId::parse(SECRET).unwrap(), SECRET.to_owned());
    let account = AccountId::at("shipstation", SECRET);
    let proof = Proof {
        account: account.clone(),
        reference: SECRET.into(),
        key: SECRET.into(),
        fingerprint: Fingerprint::of(b"1"),
        compared: Vec::new(),
        accepted: None,
        read_back_at: start(),
    };
    let mut states = vec![
        State::READY,
        State::Waiting { not_before: Some(start()), stops: false },
        State::Attempting { attempt: 3, fence: Fence(4) },
        State::Retrying { attempt: 3, due: start(), stops: true, error: trouble("Shopify") },
        State::Done { proof },
        State::Rejected { by: by.clone(), why: why.clone() },
    ];
    states.extend(REASONS.map(|reason| hold(reason, true)));
    states.extend(["ShipStation", "Shopify", "lanekeeper"].map(|at| {
        let error = trouble(at);
        State::Failed { number: 1, error, stops: true, since: start() }
    }));
    states.extend(
        [
            SkipReason::Cancelled,
            SkipReason::TestOrder,
            SkipReason::FinancialStatus("pending".into()),
            SkipReason::NothingToShip,
            SkipReason::AlreadyFulfilled,
            SkipReason::ShipsElsewhere,
            SkipReason::LeftAsItStands,
            SkipReason::Redacted,
            SkipReason::UnknownToShop,
        ]
        .map(|why| State::Skipped { why }),
    );
    let mut said = Vec::new();
    for state in states {
        for reach in [Reach::Untouched, there(&[("1", "2")])] {
            let mut job = sample(state.clone(), reach);
            let plain = order(&job);
            job.rejecting = Some(Rejection { by: by.clone(), why: why.clone() });
            for told in [plain, order(&job)] {
                said.push(format!("{} {}", told.words, told.advice.unwrap_or_default()));
            }
        }
    }
    let statuses = [
        LaneStatus::Throttled(Rest { until: start(), why: SECRET.into() }),
        LaneStatus::Retrying { job: JobId::from(1), until: start() },
        LaneStatus::Blocked { job: JobId::from(2) },
        paused_for(PauseReason::TokenRefused { account: account.clone() }),
        paused_for(PauseReason::SecretMissing { reference: SECRET.into() }),
        paused_for(PauseReason::ProviderRefuses { account, words: SECRET.into() }),
        paused_for(PauseReason::Operator { why }),
        paused_for(PauseReason::NoProgress),
        paused_for(PauseReason::ShopRemoved),
        paused_for(PauseReason::Uninstalled),
    ];
    said.extend(statuses.map(|status| stands_still(&view(status)).expect("it stands still")));
    said
}

#[test]
fn nothing_that_a_shop_owner_would_not_say_and_nothing_that_is_not_theirs_to_read_is_said() {
    let said = everything();
    assert!(said.len() > 150, "{}", said.len());
    for words in said {
        assert!(!words.contains(SECRET), "{words}");
        let plain = words.to_lowercase();
        for ours in OURS {
            let is_word = |word: &str| word.trim_end_matches('s') == ours;
            assert!(!plain.split(|c: char| !c.is_alphabetic()).any(is_word), "{ours} in: {words}");
        }
        let sentences = words.trim_end();
        assert!(sentences.ends_with('.') && !sentences.contains(".."), "{words}");
    }
}

#[test]
fn who_can_do_something_about_an_order_is_told_what() {
    for reason in REASONS {
        let told = told(hold(reason, false));
        let advice = told.advice.expect("every hold says what can be done");
        assert!(advice.contains("Shopify") || advice.contains("fulfilment team"), "{reason:?}: {advice}");
        assert!(!told.words.contains("behind it"), "{reason:?}");
    }
    let address = told(hold(HoldReason::AddressIncomplete, true));
    assert_eq!(
        address.words,
        "Its shipping address is missing or incomplete. The orders behind it wait until it is decided."
    );
    assert_eq!(
        address.advice,
        Some("Complete and confirm the address in Shopify, then it is looked at again by itself.")
    );
    let failed = told(State::Failed { number: 1, error: trouble("ShipStation"), stops: false, since: start() });
    assert_eq!(failed.words, "The warehouse's system did not take it.");
    assert!(failed.advice.unwrap().contains("sends it again once the cause is put right"));
}

#[test]
fn what_comes_next_says_when() {
    let retrying = told(State::Retrying { attempt: 3, due: start(), stops: true, error: trouble("Shopify") });
    assert_eq!(
        retrying.words,
        "It did not get through. It is tried again 1970-01-01 00:00 UTC. The orders behind it wait, so that the sequence \
         stays as it is."
    );
    let aside = told(State::Retrying { attempt: 3, due: start(), stops: false, error: trouble("Shopify") });
    assert!(!aside.words.contains("behind it"));
    assert_eq!(told(State::READY).words, "It waits for its turn.");
}

#[test]
fn what_shipped_and_what_was_taken_back_is_told() {
    let cancelled = |reach| order(&sample(State::Skipped { why: SkipReason::Cancelled }, reach)).words;
    assert_eq!(cancelled(Reach::Untouched), "It was cancelled in Shopify.");
    assert_eq!(cancelled(there(&[])), "It was cancelled in Shopify. It was taken back from the warehouse.");
    let proof = Proof {
        account: AccountId::at("shipstation", "main"),
        reference: "77".into(),
        key: "k".into(),
        fingerprint: Fingerprint::of(b"1"),
        compared: Vec::new(),
        accepted: None,
        read_back_at: start(),
    };
    let done = |reach| order(&sample(State::Done { proof: proof.clone() }, reach)).words;
    assert_eq!(done(there(&[])), "The warehouse has it.");
    assert_eq!(done(there(&[("1", "2")])), "It has shipped, and Shopify has its tracking number.");
}

#[test]
fn orders_that_go_on_by_themselves_need_no_sentence() {
    for status in [LaneStatus::Idle, LaneStatus::Running { until: start() }, LaneStatus::Waiting] {
        assert_eq!(stands_still(&view(status)), None);
    }
    let retrying = stands_still(&view(LaneStatus::Retrying { job: JobId::from(1), until: start() })).unwrap();
    assert!(retrying.starts_with("#1001 did not get through and is tried again 1970-01-01 00:00 UTC."), "{retrying}");
    let paused = stands_still(&view(paused_for(PauseReason::Operator { why: SECRET.into() }))).unwrap();
    assert_eq!(
        paused,
        "Your orders are paused: your fulfilment team stopped them for now. Nothing is lost meanwhile. They go on by \
         themselves 1970-01-01 00:00 UTC."
    );
}

#[test]
fn places_are_said_as_people_count() {
    let said = [1, 2, 3, 4, 10, 11, 12, 13, 21, 22, 23, 101, 111, 112].map(position);
    let expected = [
        "next", "2nd", "3rd", "4th", "10th", "11th", "12th", "13th", "21st", "22nd", "23rd", "101st", "111th", "112th",
    ];
    assert_eq!(said, expected);
}
