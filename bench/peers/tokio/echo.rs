// SPDX-License-Identifier: MIT
use support::{obey_standard_input, run, serve_echo, Arguments, Reporter};

fn main() {
    let given = Arguments::read(0);
    obey_standard_input(Reporter { bench: "echo", runtime: "tokio", workers: given.workers }, false);
    run(given.workers, serve_echo(given.port(), || async {}));
}
