// SPDX-License-Identifier: MIT

use std::future::Future;

use crate::fail;

/// Runs `main` as a task on a runtime with that many workers: block_on alone would run it on a thread beside them.
pub fn run<F>(workers: usize, main: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .unwrap_or_else(|error| fail("start tokio", error));
    let main = runtime.spawn(main);
    runtime.block_on(main).unwrap_or_else(|error| fail("finish the main task", error))
}
