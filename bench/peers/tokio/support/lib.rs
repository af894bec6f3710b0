// SPDX-License-Identifier: MIT
//! What every benchmark program in Rust shares: arguments, result lines, commands, leaf work (see bench/support).

mod load;
mod report;
mod runtime;
mod server;

pub use load::*;
pub use report::*;
pub use runtime::*;
pub use server::*;
