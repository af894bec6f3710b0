// SPDX-License-Identifier: MIT
//! pingpong: two tasks, two channels of one, a round trip each time.
use support::{require, run, Arguments, Reporter, Stopwatch};
use tokio::sync::mpsc;

async fn ask(count: i64, report: Reporter) {
    let (there, mut asked) = mpsc::channel::<i64>(1);
    let (answer, mut back) = mpsc::channel::<i64>(1);
    tokio::spawn(async move {
        while let Some(value) = asked.recv().await {
            answer.send(value + 1).await.expect("someone who asks");
        }
    });
    let watch = Stopwatch::start();
    let mut value = 0;
    for _ in 0..count {
        there.send(value).await.expect("someone who answers");
        value = back.recv().await.expect("an answer");
    }
    let times = watch.seconds();
    require(value == count, "round trips");
    report.per_item("ns_per_round_trip", count, times);
}

fn main() {
    let given = Arguments::read(1_000_000);
    let report = Reporter { bench: "pingpong", runtime: "tokio", workers: given.workers };
    run(given.workers, ask(given.size, report));
}
