//! Writes random histories.

use backend::contract::histories::Moment;
use backend::contract::histories::step::{Act, Again, Ending, Flaw, Leaves, Meanwhile, Step, Way};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Shops: the unknown one comes less often.
fn shop() -> impl Strategy<Value = u8> {
    prop_oneof![8 => 0..3_u8, 1 => Just(3_u8)]
}

fn order() -> impl Strategy<Value = u8> {
    0..6_u8
}

/// The youngest lease mostly, or one of those before.
fn lease() -> impl Strategy<Value = u8> {
    prop_oneof![4 => Just(0_u8), 2 => 1..3_u8, 1 => 3..8_u8]
}

fn key() -> impl Strategy<Value = Option<u8>> {
    option::weighted(0.4, 0..3_u8)
}

fn length() -> impl Strategy<Value = u16> {
    select(vec![0_u16, 1, 10, 30, 60, 300, 600])
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        6 => Just(Way::Done),
        3 => any::<bool>().prop_map(|asked| Way::Retry { asked }),
        4 => any::<bool>().prop_map(|differs| Way::Hold { differs }),
        2 => Just(Way::Fail),
        2 => prop::bool::weighted(0.7).prop_map(|unknown| Way::Skip { unknown }),
        2 => Just(Way::Withdrawn),
        2 => any::<bool>().prop_map(|stops| Way::Wait { stops }),
        1 => prop::bool::weighted(0.7).prop_map(|ends| Way::Pause { ends }),
    ]
}

fn ending() -> impl Strategy<Value = Ending> {
    let coming = [Meanwhile::Newer, Meanwhile::Part, Meanwhile::Disturbance, Meanwhile::Pause];
    let meanwhile = prop_oneof![5 => Just(Meanwhile::Nothing), 2 => select(coming.to_vec())];
    (way(), length(), 0..4_u8, option::weighted(0.3, order()), select(vec![0_u8, 2, 4]), meanwhile).prop_map(
        |(outcome, seconds, reach, part, chance, meanwhile)| Ending {
            outcome,
            seconds,
            reach,
            part,
            chance,
            meanwhile,
        },
    )
}

fn leaves() -> impl Strategy<Value = Leaves> {
    let ways = [Leaves::Releases, Leaves::Rests, Leaves::HandsBack, Leaves::Dies, Leaves::DiesAtWork];
    prop_oneof![4 => Just(Leaves::Releases), 4 => select(ways.to_vec())]
}

fn webhooks() -> BoxedStrategy<Act> {
    let again = [Again::Everything, Again::Delivery, Again::Event, Again::Body, Again::OtherTopic];
    let status = prop_oneof![6 => Just(0_u8), 2 => Just(1_u8), 1 => Just(2_u8)];
    let hear = (shop(), order(), 0..10_u8, 0..4_u8, status, 0..4_u8);
    prop_oneof![
        14 => hear.prop_map(|(shop, order, version, says, status, ids)| {
            Act::Hear { shop, order, version, says, status, ids }
        }),
        3 => (0..8_u8, select(again.to_vec())).prop_map(|(which, as_what)| Act::HearAgain { which, as_what }),
        3 => (shop(), order(), any::<bool>(), 0..3_u8, any::<bool>())
            .prop_map(|(shop, order, part, body, event)| Act::Touch { shop, order, part, body, event }),
        1 => (shop(), 0..4_u8).prop_map(|(shop, body)| Act::Unreadable { shop, body }),
    ]
    .boxed()
}

fn working() -> BoxedStrategy<Act> {
    prop_oneof![
        3 => (shop(), 0..3_u8, select(vec![10_u8, 60, 130]))
            .prop_map(|(shop, owner, seconds)| Act::Lease { shop, owner, seconds }),
        1 => lease().prop_map(|lease| Act::Head { lease }),
        3 => (lease(), option::weighted(0.3, order())).prop_map(|(lease, order)| Act::Begin { lease, order }),
        2 => (lease(), 1..5_u8).prop_map(|(lease, max)| Act::Burst { lease, max }),
        5 => (lease(), option::weighted(0.15, order()), ending())
            .prop_map(|(which, order, ending)| Act::Complete { which, order, ending }),
        1 => (shop(), order()).prop_map(|(shop, order)| Act::Disturb { shop, order }),
        2 => (lease(), option::weighted(0.4, select(vec![1_u8, 30, 90])))
            .prop_map(|(lease, rest)| Act::Release { lease, rest }),
        1 => lease().prop_map(|lease| Act::HandBack { lease }),
        4 => select(vec![100_u8, 100, 2, 1]).prop_map(|limit| Act::Sweep { limit }),
        1 => (0..2_u8, length()).prop_map(|(account, seconds)| Act::StopAccount { account, seconds }),
    ]
    .boxed()
}

fn desk() -> BoxedStrategy<Act> {
    let flaws = [Flaw::Earlier, Flaw::Later, Flaw::Shown, Flaw::Order];
    let flaw = prop_oneof![4 => Just(Flaw::None), 1 => select(flaws.to_vec())];
    prop_oneof![
        9 => (shop(), order(), 0..3_u8, flaw, select(vec![0_u8, 10, 60, 60]), 0..3_u8, key()).prop_map(
            |(shop, order, verdict, flaw, later, by, key)| Act::Decide { shop, order, verdict, flaw, later, by, key }
        ),
        6 => (select(vec![0_u8, 0, 1, 2]), 0..3_u8, key()).prop_map(|(which, by, key)| Act::Undo { which, by, key }),
        4 => (0..3_u8, 0..3_u8, 0..3_u8, key())
            .prop_map(|(which, verdict, by, key)| Act::DecideAgain { which, verdict, by, key }),
        2 => (shop(), option::weighted(0.7, select(vec![1_u8, 30, 90])), key())
            .prop_map(|(shop, seconds, key)| Act::Pause { shop, seconds, key }),
        4 => (shop(), key()).prop_map(|(shop, key)| Act::Resume { shop, key }),
        2 => (0..3_u8, key()).prop_map(|(which, key)| Act::ReleaseQuarantined { which, key }),
    ]
    .boxed()
}

fn shipping() -> BoxedStrategy<Act> {
    prop_oneof![
        (0..2_u8, 0..3_u8).prop_map(|(account, url)| Act::Notice { account, url }),
        (Just(0_u8), vec(0..16_u8, 1..4), any::<bool>()).prop_map(|(account, orders, notices)| Act::Shipped {
            account,
            orders,
            notices
        }),
    ]
    .boxed()
}

/// A shop that was taken away stands still until it is put again, so that must come more often.
fn shops() -> BoxedStrategy<Act> {
    prop_oneof![
        4 => shop().prop_map(|shop| Act::PutShop { shop }),
        1 => shop().prop_map(|shop| Act::RemoveShop { shop }),
        1 => (shop(), select(vec![0_u8, 1, 60])).prop_map(|(shop, ago)| Act::Uninstalled { shop, ago }),
    ]
    .boxed()
}

/// An act that is one call.
fn call() -> BoxedStrategy<Act> {
    prop_oneof![
        9 => webhooks(),
        7 => working(),
        6 => desk(),
        1 => shipping(),
        1 => shops(),
    ]
    .boxed()
}

fn act() -> BoxedStrategy<Act> {
    prop_oneof![
        24 => call(),
        9 => (shop(), option::weighted(0.3, 1..5_u8), vec(ending(), 1..4), leaves())
            .prop_map(|(shop, burst, endings, leaves)| Act::Run { shop, burst, endings, leaves }),
        4 => select(vec![1_u16, 5, 10, 30, 31, 61, 131, 600, 3600]).prop_map(|seconds| Act::Pass { seconds }),
        1 => Just(Act::Restart),
        1 => (shop(), 4..16_u8, any::<bool>())
            .prop_map(|(shop, workers, at_work)| Act::Deaths { shop, workers, at_work }),
    ]
    .boxed()
}

fn moment() -> impl Strategy<Value = Moment> {
    prop_oneof![
        1 => Just(Moment::Before),
        2 => Just(Moment::Uncommitted),
        2 => any::<u8>().prop_map(Moment::Torn),
        2 => Just(Moment::Committed),
    ]
}

fn step(act: impl Strategy<Value = Act>) -> impl Strategy<Value = Step> {
    (act, option::weighted(0.08, (0..4_u8, moment()))).prop_map(|(act, dies)| Step { act, dies })
}

/// A history of one call after another.
pub(super) fn history() -> impl Strategy<Value = Vec<Step>> {
    vec(step(act()), 20..90)
}

/// A history in which calls are made at once, up to four of them.
pub(super) fn crowded() -> impl Strategy<Value = Vec<Step>> {
    let together = vec(call(), 2..=4).prop_map(Act::Together);
    vec(step(prop_oneof![2 => together, 3 => act()]), 15..50)
}

/// A history that begins with more orders in one lane than get a wake-up each.
pub(super) fn flooded() -> impl Strategy<Value = Vec<Step>> {
    let flood = |orders| Step { act: Act::Flood { shop: 0, orders }, dies: None };
    (97..102_u8, vec(step(act()), 5..25)).prop_map(move |(orders, steps)| {
        let mut history = vec![flood(orders)];
        history.extend(steps);
        history
    })
}
