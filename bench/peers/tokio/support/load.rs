// SPDX-License-Identifier: MIT
//! The compute side of the question "mixed", as in bench/support/load.hpp.

use std::process::exit;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

const FINE_LEAF: i64 = 16;
const COARSE_LEAF: i64 = 28;
/// A tree has 377 leaves.
pub const TREE_HEIGHT: i64 = 12;
/// Pieces of one computing request, the plain recursion's argument in each, and its value.
pub const REQUEST_PIECES: i64 = 8;
pub const PIECE_SIZE: i64 = 14;
pub const PIECE_VALUE: i64 = 377;

#[inline(never)]
pub fn plain_fib(n: i64) -> i64 {
    if n < 2 {
        n
    } else {
        plain_fib(n - 1) + plain_fib(n - 2)
    }
}

/// What the server does beside echoing: none|fine|coarse echo|compute.
pub struct MixedMode {
    /// Argument of the leaf's plain recursion; None: no compute beside the echo.
    pub leaf: Option<i64>,
    /// Each request also computes.
    pub computes: bool,
}

impl MixedMode {
    pub fn read(leaf: &str, request: &str) -> Self {
        let leaf = match leaf {
            "none" => None,
            "fine" => Some(FINE_LEAF),
            "coarse" => Some(COARSE_LEAF),
            _ => mixed_usage(),
        };
        let computes = match request {
            "echo" => false,
            "compute" => true,
            _ => mixed_usage(),
        };
        MixedMode { leaf, computes }
    }
}

fn mixed_usage() -> ! {
    eprintln!("usage: mixed PORT WORKERS none|fine|coarse echo|compute");
    exit(2)
}

/// A counter on a cache line of its own.
#[repr(align(64))]
struct Counter(AtomicI64);

static LEAVES_DONE: Counter = Counter(AtomicI64::new(0));

/// Leaves done by every worker since the start.
pub fn leaves_done() -> i64 {
    LEAVES_DONE.0.load(Relaxed)
}

pub fn compute_leaf(n: i64) -> i64 {
    LEAVES_DONE.0.fetch_add(1, Relaxed);
    plain_fib(n)
}
