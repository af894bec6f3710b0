// SPDX-License-Identifier: MIT
//! mixed: what a careful Rust programmer would build: tokio for the echo, rayon for the compute. A request that computes
//! goes to rayon's threads and comes back by a oneshot, two hand-offs.
use rayon::prelude::*;
use support::*;
use tokio::sync::oneshot;

fn tree(n: i64, leaf: i64) -> i64 {
    if n <= leaf {
        return compute_leaf(n);
    }
    let (a, b) = rayon::join(|| tree(n - 1, leaf), || tree(n - 2, leaf));
    a + b
}

fn pieces() -> i64 {
    (0..REQUEST_PIECES).into_par_iter().map(|_| plain_fib(PIECE_SIZE)).sum()
}

/// Runs `work` on rayon's threads and gives its value here.
async fn on_rayon(work: impl FnOnce() -> i64 + Send + 'static) -> i64 {
    let (sender, receiver) = oneshot::channel();
    rayon::spawn(move || {
        // Nobody waits where the connection has ended.
        let _ = sender.send(work());
    });
    receiver.await.expect("a value from rayon")
}

fn main() {
    let given = Arguments::read(0);
    let MixedMode { leaf, computes } = MixedMode::read(given.mode(0, "none"), given.mode(1, "echo"));
    let workers = given.workers;
    obey_standard_input(Reporter { bench: "mixed", runtime: "tokio+rayon", workers }, leaf.is_some());
    rayon::ThreadPoolBuilder::new()
        .num_threads(workers)
        .build_global()
        .unwrap_or_else(|error| fail("start rayon", error));
    let on_request = move || async move {
        if computes {
            let value = on_rayon(pieces).await;
            require(value == REQUEST_PIECES * PIECE_VALUE, "pieces of a request");
        }
    };
    run(workers, async move {
        if let Some(leaf) = leaf {
            for _ in 0..workers {
                // Each tree comes from outside: rayon's threads look there last, and never if they restart their own.
                tokio::spawn(async move {
                    loop {
                        on_rayon(move || tree(leaf + TREE_HEIGHT, leaf)).await;
                    }
                });
            }
        }
        serve_echo(given.port(), on_request).await
    });
}
