#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The one table that tools/try shows.

usage: try_table.py HASHING RESULTS

HASHING has a line "files bytes seconds-of-tree_hash seconds-of-sha256sum seconds-of-xargs", RESULTS is what
`jay bench run --out` wrote. Each cell has a figure, and how many times better jay is: the other's time divided by
jay's, or jay's rate divided by the other's.
"""

import json
import os
import sys

# What a row says, the question and the figure of it. Asio answers the mixed questions beside oneTBB.
ROWS = [
    ("fork and join (fib)", "fib", "ns_per_task"),
    ("fork and join (skynet)", "skynet", "ns_per_task"),
    ("start and await a task", "spawn", "ns_per_task"),
    ("queue, 4 put and 4 get", "channel", "ns_per_item"),
    ("100,000 sleepers, CPU", "timers_100k", "cpu"),
    ("echo, answers per s", "echo_64", "req_per_s"),
    ("p99 of echo, idle", "mixed_idle", "p99"),
    ("p99 of echo, full load", "mixed_coarse", "p99"),
]
PEERS = [("oneTBB", ["tbb"]), ("Asio", ["asio", "asio+tbb", "asio_tbb"]), ("Go", ["go"])]


def three_digits(value):
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def figure(value, unit):
    """1500, "us" is 1.50 ms."""
    times = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
    if unit not in times:
        return f"{value:,.0f}"
    seconds = value * times[unit]
    name, size = next(((n, s) for n, s in reversed(times.items()) if seconds >= 0.9995 * s), ("ns", 1e-9))
    return f"{three_digits(seconds / size)} {name}"


def ratio(ours, theirs, lower_is_better):
    better, worse = (ours, theirs) if lower_is_better else (theirs, ours)
    return f"{three_digits(worse / better)}x" if better > 0 else ""


def line(name, cells):
    print((f"{name:<24}{cells[0]:>8}" + "".join(f"{text:>10}{times:>6}" for text, times in cells[1:])).rstrip())


def hashing(path):
    with open(path, encoding="utf-8") as file:
        files, size, *seconds = file.read().split()
    ours = float(seconds[0])
    line("", ["jay", ("sha256sum", ""), (f"xargs -P{len(os.sched_getaffinity(0))}", "")])
    line(f"SHA-256 of {int(files):,} files", [figure(ours, "s")] + [
        (figure(float(s), "s"), ratio(ours, float(s), True)) for s in seconds[1:]])
    rates = [float(size) / 1e6 / float(s) for s in seconds]
    line(f"  MB/s, of {float(size) / 1e6:,.0f} MB", [f"{rates[0]:,.0f}"] + [(f"{r:,.0f}", "") for r in rates[1:]])


def questions(path):
    with open(path, encoding="utf-8") as file:
        results = json.load(file)
    rows = {(r["bench"], r["runtime"], r["metric"]): r for r in results["rows"]}
    failed = {(f["bench"], f["runtime"]) for f in results.get("failures", [])}
    print()
    line("", ["jay"] + [(name, "") for name, _ in PEERS])
    for name, bench, metric in ROWS:
        ours = rows.get((bench, "jay", metric))
        cells = [figure(ours["median"], ours["unit"]) if ours else "failed"]
        for _, runtimes in PEERS:
            theirs = next((rows[bench, r, metric] for r in runtimes if (bench, r, metric) in rows), None)
            if any((bench, r) in failed for r in runtimes):
                cells.append(("failed", ""))
            elif theirs is None:
                cells.append(("-", ""))
            else:
                cells.append((figure(theirs["median"], theirs["unit"]),
                              ratio(ours["median"], theirs["median"], theirs["better"] == "lower") if ours else ""))
        line(name, cells)
    for failure in results.get("failures", []):
        print(f"failed: {failure['bench']} on {failure['runtime']}: {failure['reason']}"[:120])


if len(sys.argv) != 3:
    print(__doc__, file=sys.stderr)
    sys.exit(2)
hashing(sys.argv[1])
questions(sys.argv[2])
