// SPDX-License-Identifier: MIT
//! fairness: the waits of one victim beside hogs that keep every worker busy, as in bench/fairness.cpp.
use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::process::exit;
use std::sync::mpsc as outside;
use std::time::{Duration, Instant};

use support::{fail, plain_fib, require, run, TREE_HEIGHT};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::sleep;

// As in bench/support/fairness.hpp.
const HOGS: [&str; 8] =
    ["none", "fork_join", "yields", "ping_pong", "spawn_chain", "ready_operations", "io_flood", "timers"];
const VICTIMS: [&str; 6] = ["new_task", "other_thread", "timer", "yield", "socket", "crowd"];
const HOGS_A_WORKER: usize = 2;
const LEAF: i64 = 16;
const STEP_SIZE: i64 = 19;
const SLEEPERS: usize = 2_000;
const CROWD_SIZE: usize = 100;
const PAUSE: Duration = Duration::from_millis(1);
const WARM_UP: Duration = Duration::from_millis(50);

// ---- command line and output ----

struct Arguments {
    hog: String,
    victim: String,
    seconds: f64,
    workers: usize,
}

fn wrong(complaint: &str) -> ! {
    let program = std::env::args().next().unwrap_or_default();
    eprintln!("fairness: {complaint}\nusage: {program} HOG VICTIM SECONDS WORKERS");
    eprintln!("  HOG:    {}\n  VICTIM: {}", HOGS.join(" "), VICTIMS.join(" "));
    exit(2)
}

impl Arguments {
    fn read() -> Self {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let [hog, victim, seconds, workers] = match <[String; 4]>::try_from(words) {
            Ok(words) => words,
            Err(_) => wrong("four arguments are needed"),
        };
        if !HOGS.contains(&hog.as_str()) {
            wrong(&format!("no such hog: {hog}"))
        }
        if !VICTIMS.contains(&victim.as_str()) {
            wrong(&format!("no such victim: {victim}"))
        }
        let seconds = match seconds.parse() {
            Ok(number) if (0.001..=3600.0).contains(&number) => number,
            _ => wrong(&format!("SECONDS is a number from 0.001 to 3600, not {seconds}")),
        };
        let workers = match workers.parse() {
            Ok(number) if (1..=1024).contains(&number) => number,
            _ => wrong(&format!("WORKERS is a whole number from 1 to 1024, not {workers}")),
        };
        Arguments { hog, victim, seconds, workers }
    }
}

/// The waits of one victim, taken until the time is over; at least one.
struct Samples {
    end: Instant,
    waits: Vec<f64>,
}

impl Samples {
    fn go_on(&self) -> bool {
        self.waits.is_empty() || Instant::now() < self.end
    }

    fn add(&mut self, from: Instant, to: Instant) {
        self.waits.push(to.saturating_duration_since(from).as_secs_f64() * 1e6);
    }

    fn print(mut self, hog: &str, victim: &str) {
        self.waits.sort_by(f64::total_cmp);
        let count = self.waits.len();
        println!(
            "{hog} {victim} worst_us={:.1} p99_us={:.1} mean_us={:.1} samples={count}",
            self.waits[count - 1],
            self.waits[(count - 1) * 99 / 100],
            self.waits.iter().sum::<f64>() / count as f64
        );
    }
}

type Act = Box<dyn FnOnce() + Send>;

/// A thread of the operating system, of no runtime, that does what it is sent, a pause later.
fn outside_thread() -> outside::Sender<Act> {
    let (ask, asked) = outside::channel::<Act>();
    std::thread::spawn(move || {
        for act in asked {
            std::thread::sleep(PAUSE);
            act();
        }
    });
    ask
}

// ---- hogs ----

fn tree(n: i64) -> Pin<Box<dyn Future<Output = i64> + Send>> {
    Box::pin(async move {
        if n <= LEAF {
            return plain_fib(n);
        }
        let a = tokio::spawn(tree(n - 1));
        let b = tree(n - 2).await;
        a.await.expect("a part of the tree") + b
    })
}

fn spawn_chain() -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async {
        tokio::spawn(spawn_chain());
    })
}

async fn ready_operations() {
    let (put, mut get) = mpsc::channel(1);
    loop {
        put.send(1).await.expect("room");
        get.recv().await.expect("an item");
    }
}

/// Keeps a value from being optimized away. std::hint::black_box does that since Rust 1.66; Debian 12's is 1.63.
fn keep(value: i64) {
    // SAFETY: a reference is valid to read from.
    unsafe { std::ptr::read_volatile(&value) };
}

async fn yields() {
    loop {
        keep(plain_fib(STEP_SIZE));
        yield_now().await;
    }
}

fn start_ping_pong() {
    let (there, mut asked) = mpsc::channel::<i32>(1);
    let (answer, mut back) = mpsc::channel::<i32>(1);
    tokio::spawn(async move {
        while let Some(ball) = asked.recv().await {
            answer.send(ball).await.expect("someone who asks");
        }
    });
    tokio::spawn(async move {
        for ball in (0..2).cycle() {
            there.send(ball).await.expect("someone who answers");
            require(back.recv().await == Some(ball), "ball");
        }
    });
}

async fn bounce(mut connection: UnixStream, begins: bool) -> std::io::Result<()> {
    let mut ball = [0];
    if begins {
        connection.write_all(&ball).await?;
    }
    loop {
        connection.read_exact(&mut ball).await?;
        connection.write_all(&ball).await?;
    }
}

fn socket_pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap_or_else(|error| fail("make a pair of sockets", error))
}

/// They never end: the process does.
fn start(hog: &str, workers: usize) {
    let count = workers * HOGS_A_WORKER;
    match hog {
        "fork_join" => (0..count).for_each(|_| {
            tokio::spawn(async {
                loop {
                    tree(LEAF + TREE_HEIGHT).await;
                }
            });
        }),
        "yields" => (0..count).for_each(|_| drop(tokio::spawn(yields()))),
        "ping_pong" => (0..count / 2).for_each(|_| start_ping_pong()),
        "spawn_chain" => (0..count).for_each(|_| drop(tokio::spawn(spawn_chain()))),
        "ready_operations" => (0..count).for_each(|_| drop(tokio::spawn(ready_operations()))),
        "io_flood" => (0..count / 2).for_each(|_| {
            let (one, other) = socket_pair();
            tokio::spawn(bounce(one, true));
            tokio::spawn(bounce(other, false));
        }),
        "timers" => (0..SLEEPERS).for_each(|_| {
            tokio::spawn(async {
                loop {
                    sleep(PAUSE).await;
                }
            });
        }),
        _ => {}
    }
}

// ---- victims ----

async fn new_task(waits: &mut Samples) {
    while waits.go_on() {
        let made = Instant::now();
        let begun = tokio::spawn(async { Instant::now() }).await.expect("a task");
        waits.add(made, begun);
        sleep(PAUSE).await;
    }
}

async fn other_thread(waits: &mut Samples) {
    let ask = outside_thread();
    while waits.go_on() {
        let (set, get) = oneshot::channel();
        let act = move || set.send(Instant::now()).expect("someone who waits");
        ask.send(Box::new(act)).expect("the thread outside");
        let acted = get.await.expect("an answer");
        waits.add(acted, Instant::now());
    }
}

async fn timer(waits: &mut Samples) {
    while waits.go_on() {
        let due = Instant::now() + PAUSE;
        sleep(PAUSE).await;
        waits.add(due, Instant::now());
    }
}

async fn yield_once(waits: &mut Samples) {
    while waits.go_on() {
        let gave_way = Instant::now();
        yield_now().await;
        waits.add(gave_way, Instant::now());
        sleep(PAUSE).await;
    }
}

async fn socket(waits: &mut Samples) {
    let (mut mine, other) = socket_pair();
    let far_end = other.into_std().unwrap_or_else(|error| fail("take a socket out of tokio", error));
    let ask = outside_thread();
    let (tell, told) = outside::channel();
    let mut received = [0];
    while waits.go_on() {
        let mut far_end = far_end.try_clone().unwrap_or_else(|error| fail("copy a socket", error));
        let tell = tell.clone();
        let act = move || {
            tell.send(Instant::now()).expect("someone who reads");
            require(far_end.write(b"x").ok() == Some(1), "byte written");
        };
        ask.send(Box::new(act)).expect("the thread outside");
        let count = mine.read(&mut received).await.unwrap_or_else(|error| fail("read a byte", error));
        let got = Instant::now();
        require(count == 1, "byte read");
        waits.add(told.try_recv().expect("when it was written"), got);
    }
}

async fn crowd(waits: &mut Samples) {
    while waits.go_on() {
        let made = Instant::now();
        let mut handles = Vec::with_capacity(CROWD_SIZE);
        for _ in 0..CROWD_SIZE {
            handles.push(tokio::spawn(async { Instant::now() }));
        }
        let mut last = made;
        for handle in handles {
            last = last.max(handle.await.expect("a task"));
        }
        waits.add(made, last);
        sleep(PAUSE).await;
    }
}

fn main() {
    let given = Arguments::read();
    run(given.workers, async move {
        start(&given.hog, given.workers);
        sleep(WARM_UP).await;
        let end = Instant::now() + Duration::from_secs_f64(given.seconds);
        let mut waits = Samples { end, waits: Vec::new() };
        match given.victim.as_str() {
            "new_task" => new_task(&mut waits).await,
            "other_thread" => other_thread(&mut waits).await,
            "timer" => timer(&mut waits).await,
            "yield" => yield_once(&mut waits).await,
            "socket" => socket(&mut waits).await,
            _ => crowd(&mut waits).await,
        }
        waits.print(&given.hog, &given.victim);
        exit(0)
    })
}
