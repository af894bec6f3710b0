// SPDX-License-Identifier: MIT
//! timers: tasks that sleep, all at once, for 0 to 1 s each.
use std::time::{Duration, Instant};

use support::{require, run, Arguments, Reporter, Stopwatch};

/// The same sequence as bench/support/random_delay.hpp, uniform in 0..1 s.
fn delays() -> impl Iterator<Item = Duration> {
    let next = |state: &u64| {
        let mut x = *state;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        Some(x)
    };
    std::iter::successors(Some(88_172_645_463_325_252), next).skip(1).map(|x| Duration::from_nanos(x % 1_000_000_000))
}

/// Gives whether it slept long enough.
async fn sleep_once(delay: Duration) -> bool {
    let start = Instant::now();
    tokio::time::sleep(delay).await;
    start.elapsed() >= delay
}

async fn sleep_all(count: i64, report: Reporter) {
    let watch = Stopwatch::start();
    let sleepers: Vec<_> = delays().take(count as usize).map(|delay| tokio::spawn(sleep_once(delay))).collect();
    let mut in_time = 0;
    for sleeper in sleepers {
        in_time += i64::from(sleeper.await.expect("a sleeper"));
    }
    let times = watch.seconds();
    require(in_time == count, "number of sleepers woken, and none early");
    report.per_item("wall_ns_per_timer", count, times);
}

fn main() {
    let given = Arguments::read(100_000);
    let report = Reporter { bench: "timers", runtime: "tokio", workers: given.workers };
    run(given.workers, sleep_all(given.size, report));
}
