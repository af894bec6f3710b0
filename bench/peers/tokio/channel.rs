// SPDX-License-Identifier: MIT
//! channel: four producers and four consumers over one bounded queue. tokio has none for several consumers; async-channel
//! is what its authors name for that.
use support::{require, run, Arguments, Reporter, Stopwatch};

const PRODUCERS: i64 = 4;
const CONSUMERS: i64 = 4;
const CAPACITY: usize = 1024;

async fn produce(queue: async_channel::Sender<i64>, first: i64, count: i64) {
    for i in (first..count).step_by(PRODUCERS as usize) {
        queue.send(i).await.expect("a consumer");
    }
}

/// Ends when every producer has dropped its sender.
async fn consume(queue: async_channel::Receiver<i64>) -> i64 {
    let mut mine = 0;
    while let Ok(value) = queue.recv().await {
        mine += value;
    }
    mine
}

async fn pass_all(count: i64, report: Reporter) {
    let (sender, receiver) = async_channel::bounded(CAPACITY);
    let watch = Stopwatch::start();
    let consumers: Vec<_> = (0..CONSUMERS).map(|_| tokio::spawn(consume(receiver.clone()))).collect();
    for first in 0..PRODUCERS {
        tokio::spawn(produce(sender.clone(), first, count));
    }
    drop(sender);
    let mut sum = 0;
    for consumer in consumers {
        sum += consumer.await.expect("a consumer");
    }
    let times = watch.seconds();
    require(sum == count * (count - 1) / 2, "sum of the items");
    report.per_item("ns_per_item", count, times);
}

fn main() {
    let given = Arguments::read(1_000_000);
    let report = Reporter { bench: "channel", runtime: "tokio", workers: given.workers };
    run(given.workers, pass_all(given.size, report));
}
