// SPDX-License-Identifier: MIT
//! mixed: an echo server beside endless fork-join on the same tokio runtime.
use std::future::Future;
use std::pin::Pin;

use support::*;

fn tree(n: i64, leaf: i64) -> Pin<Box<dyn Future<Output = i64> + Send>> {
    Box::pin(async move {
        if n <= leaf {
            return compute_leaf(n);
        }
        let a = tokio::spawn(tree(n - 1, leaf));
        let b = tree(n - 2, leaf).await;
        a.await.expect("a part of the tree") + b
    })
}

/// What a computing request does on the same workers: a few small pieces, one of them here.
async fn compute_pieces() {
    let others: Vec<_> = (1..REQUEST_PIECES).map(|_| tokio::spawn(async { plain_fib(PIECE_SIZE) })).collect();
    let mut sum = plain_fib(PIECE_SIZE);
    for piece in others {
        sum += piece.await.expect("a piece of a request");
    }
    require(sum == REQUEST_PIECES * PIECE_VALUE, "pieces of a request");
}

fn main() {
    let given = Arguments::read(0);
    let MixedMode { leaf, computes } = MixedMode::read(given.mode(0, "none"), given.mode(1, "echo"));
    let workers = given.workers;
    obey_standard_input(Reporter { bench: "mixed", runtime: "tokio", workers }, leaf.is_some());
    let on_request = move || async move {
        if computes {
            compute_pieces().await
        }
    };
    run(workers, async move {
        if let Some(leaf) = leaf {
            for _ in 0..workers {
                tokio::spawn(async move {
                    loop {
                        tree(leaf + TREE_HEIGHT, leaf).await;
                    }
                });
            }
        }
        serve_echo(given.port(), on_request).await
    });
}
