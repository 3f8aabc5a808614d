//! Killed before each write and sync of the first start, while the file is being made: the next start makes it, and works.

use crate::points::{alone, counted, each, strided};
use crate::stage::{Stage, add_operator, add_shop};
use crate::tracer::{self, Fault, Place};
use crate::{story, trace, verdict};

/// Of so many writes one is a point.
const WRITES_PER_POINT: usize = 3;

async fn goes_on(mut stage: Stage) -> usize {
    // Whatever is not written while it opens is written soon after; a point beyond that never comes.
    stage.last_look().await;
    if stage.deaths == 0 {
        stage.restart().await;
    }
    stage.token = add_operator(stage.folder()).await;
    add_shop(stage.folder()).await;
    let told = story::sell_one(&mut stage).await;
    stage.end().await;
    verdict::everything_once(&stage, &told);
    stage.deaths
}

#[test]
fn killed_while_the_file_is_being_made_the_next_start_makes_it() {
    tracer::is_there();
    let record = alone(async {
        let mut stage = Stage::start_empty(None).await;
        stage.end().await
    });
    let counts = counted(&trace::read(&record));
    let mut faults = Vec::new();
    for (call, count) in &counts {
        let stride = if *call == "pwrite64" { WRITES_PER_POINT } else { 1 };
        faults.extend(strided(*count, stride).into_iter().map(|at| Fault::Killed(Place::among_all(call, at))));
    }
    assert!(faults.len() >= 20, "{counts:?}");
    let points = faults.len();
    let deaths: usize =
        each(&faults, async |fault| goes_on(Stage::start_empty(Some(fault)).await).await).into_iter().sum();
    println!("{points} points of {counts:?}: {deaths} deaths");
    assert!(deaths * 10 >= points * 9, "{deaths} of {points} starts met their point");
}
