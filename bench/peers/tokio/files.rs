// SPDX-License-Identifier: MIT
//! files: a blocking call for each file, as tokio's authors advise. The tree is made by the programs in C++.
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use support::{fail, require, run, Arguments, Reporter, Stopwatch};

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), found)?;
        } else {
            found.push(entry.path());
        }
    }
    Ok(())
}

fn hash(path: &Path, piece: usize) -> std::io::Result<u64> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; piece];
    let mut sum = Sha256::new();
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        sum.update(&buffer[..n]);
    }
    Ok(u64::from_le_bytes(sum.finalize()[..8].try_into().expect("eight bytes")))
}

async fn hash_all(root: PathBuf, piece: usize, expected: u64, count: i64, report: Reporter) {
    let watch = Stopwatch::start();
    let paths = tokio::task::spawn_blocking(move || {
        let mut found = Vec::new();
        walk(&root.join("files"), &mut found).map(|()| found)
    });
    let paths = paths.await.expect("a walk").unwrap_or_else(|error| fail("walk", error));
    let hashing: Vec<_> =
        paths.into_iter().map(|path| tokio::task::spawn_blocking(move || hash(&path, piece))).collect();
    let mut all = 0u64;
    for sum in hashing {
        all = all.wrapping_add(sum.await.expect("a sum").unwrap_or_else(|error| fail("read", error)));
    }
    let times = watch.seconds();
    require(all == expected, "checksum of the files");
    report.per_item("ns_per_file", count, times);
}

fn main() {
    let given = Arguments::read(20_000);
    let large = given.mode(0, "small") == "large";
    let bench = if large { "files_large" } else { "files_small" };
    let report = Reporter { bench, runtime: "tokio", workers: given.workers };
    let kind = if large { "large" } else { "small" };
    let own = std::env::current_exe().unwrap_or_else(|error| fail("find myself", error));
    let root = own.parent().expect("a folder").join("../..").join(format!("files-{kind}-{}", given.size));
    let expected = fs::read_to_string(root.join("expected")).unwrap_or_else(|error| fail("read the expected sum", error));
    let expected = expected.trim().parse().expect("a number");
    run(given.workers, hash_all(root, if large { 1 << 20 } else { 16384 }, expected, given.size, report));
}
