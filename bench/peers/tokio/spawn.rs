// SPDX-License-Identifier: MIT
//! spawn: spawn and await, all handles kept at once (MODE all, default) or in batches of 10,000 (batch).
use support::{require, run, Arguments, Reporter, Stopwatch};

async fn spawn(first: i64, last: i64) -> i64 {
    let mut handles = Vec::with_capacity((last - first) as usize);
    for i in first..last {
        handles.push(tokio::spawn(async move { i }));
    }
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.expect("a spawned task");
    }
    sum
}

async fn spawn_all(count: i64, batch: i64, report: Reporter) {
    let watch = Stopwatch::start();
    let (mut first, mut sum) = (0, 0);
    while first < count {
        let last = count.min(first + batch);
        sum += spawn(first, last).await;
        first = last;
    }
    let times = watch.seconds();
    require(sum == count * (count - 1) / 2, "sum of the spawned tasks");
    report.per_item("ns_per_task", count, times);
}

fn main() {
    let given = Arguments::read(1_000_000);
    let (bench, batch) = if given.mode(0, "all") == "batch" { ("spawn_batch", 10_000) } else { ("spawn", given.size) };
    let report = Reporter { bench, runtime: "tokio", workers: given.workers };
    run(given.workers, spawn_all(given.size, batch, report));
}
