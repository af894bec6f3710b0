// SPDX-License-Identifier: MIT
//! The command line and the result lines, as in bench/support/report.hpp.

use std::fmt::Display;
use std::process::exit;
use std::time::Instant;

/// Ends the program with status 1, saying what could not be done and why.
pub fn fail(what: &str, why: impl Display) -> ! {
    eprintln!("cannot {what}: {why}");
    exit(1)
}

/// Ends the program with status 1 where a benchmark computed something wrong.
pub fn require(right: bool, what: &str) {
    if !right {
        eprintln!("wrong result: {what}");
        exit(1)
    }
}

/// Positional arguments: SIZE WORKERS [MODE...], of a server PORT WORKERS [MODE...].
pub struct Arguments {
    pub size: i64,
    pub workers: usize,
    modes: Vec<String>,
}

impl Arguments {
    pub fn read(default_size: i64) -> Self {
        let mut words = std::env::args().skip(1);
        let mut number = |fallback| match words.next() {
            Some(word) => word.parse().unwrap_or_else(|_| usage()),
            None => fallback,
        };
        let (size, workers): (i64, i64) = (number(default_size), number(1));
        if size < 0 || !(1..=1024).contains(&workers) {
            usage()
        }
        Arguments { size, workers: workers as usize, modes: words.collect() }
    }

    pub fn mode<'a>(&'a self, index: usize, fallback: &'a str) -> &'a str {
        self.modes.get(index).map_or(fallback, String::as_str)
    }

    /// The first argument of a server.
    pub fn port(&self) -> u16 {
        u16::try_from(self.size).unwrap_or_else(|_| usage())
    }
}

fn usage() -> ! {
    let program = std::env::args().next().unwrap_or_default();
    eprintln!("usage: {program} SIZE WORKERS [MODE...]");
    exit(2)
}

/// Prints the result lines of one benchmark of one runtime.
pub struct Reporter {
    pub bench: &'static str,
    pub runtime: &'static str,
    pub workers: usize,
}

impl Reporter {
    pub fn lower(&self, metric: &str, unit: &str, value: f64) {
        self.line(metric, unit, "lower", value);
    }

    pub fn higher(&self, metric: &str, unit: &str, value: f64) {
        self.line(metric, unit, "higher", value);
    }

    /// Time per item, wall and processor time, peak memory.
    pub fn per_item(&self, metric: &str, items: i64, (wall, cpu): (f64, f64)) {
        self.lower(metric, "ns", wall * 1e9 / items as f64);
        self.times((wall, cpu));
    }

    pub fn times(&self, (wall, cpu): (f64, f64)) {
        self.lower("wall", "ms", wall * 1e3);
        self.lower("cpu", "ms", cpu * 1e3);
        self.lower("peak_rss", "MiB", peak_rss_mib());
    }

    fn line(&self, metric: &str, unit: &str, better: &str, value: f64) {
        let Reporter { bench, runtime, workers } = self;
        let compiler = env!("BENCH_COMPILER");
        let value = six_digits(value);
        println!(
            "{{\"bench\":\"{bench}\",\"runtime\":\"{runtime}\",\"compiler\":\"{compiler}\",\"workers\":{workers},\
             \"metric\":\"{metric}\",\"unit\":\"{unit}\",\"better\":\"{better}\",\"value\":{value}}}"
        );
    }
}

fn six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// Wall and processor time from its start on.
pub struct Stopwatch {
    wall: Instant,
    cpu: f64,
}

impl Stopwatch {
    pub fn start() -> Self {
        Stopwatch { wall: Instant::now(), cpu: cpu_seconds() }
    }

    /// Seconds of wall time and of processor time.
    pub fn seconds(&self) -> (f64, f64) {
        (self.wall.elapsed().as_secs_f64(), cpu_seconds() - self.cpu)
    }
}

/// User and system time of the whole process, seconds.
fn cpu_seconds() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: getrusage gets a valid place, and all bits zero are a valid rusage should it fail.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// Peak resident memory, MiB.
fn peak_rss_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|words| words.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
