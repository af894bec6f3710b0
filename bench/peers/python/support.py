# SPDX-License-Identifier: MIT
"""Prints the result lines and obeys the commands that every benchmark program shares (see bench/support)."""
import json
import platform
import resource
import sys
import threading
import os
import time


class Args:
    """SIZE WORKERS [MODE...]; asyncio has one worker, whatever is asked."""

    def __init__(self, default_size):
        try:
            self.size = int(sys.argv[1]) if len(sys.argv) > 1 else default_size
        except ValueError:
            sys.exit(f"usage: {sys.argv[0]} SIZE WORKERS [MODE...]")
        self.modes = sys.argv[3:]

    def mode(self, index, fallback):
        return self.modes[index] if index < len(self.modes) else fallback


def require(right, what):
    if not right:
        sys.exit(f"wrong result: {what}")


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_rss_mib():
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


class Stopwatch:
    def __init__(self):
        self.start, self.cpu_start = time.monotonic(), cpu_seconds()

    def wall(self):
        return time.monotonic() - self.start

    def cpu(self):
        return cpu_seconds() - self.cpu_start


class Reporter:
    def __init__(self, bench, runtime="python"):
        self.bench, self.runtime = bench, runtime

    def line(self, metric, unit, better, value):
        row = dict(bench=self.bench, runtime=self.runtime, compiler="python " + platform.python_version(), workers=1,
                   metric=metric, unit=unit, better=better, value=float(f"{value:.6g}"))
        print(json.dumps(row), flush=True)

    def per_item(self, metric, items, watch):
        wall, cpu = watch.wall(), watch.cpu()
        self.line(metric, "ns", "lower", wall * 1e9 / items)
        self.line("wall", "ms", "lower", wall * 1e3)
        self.line("cpu", "ms", "lower", cpu * 1e3)
        self.line("peak_rss", "MiB", "lower", peak_rss_mib())


def obey_standard_input(reporter):
    """Serves start, stop and the end of the input on a thread of its own."""

    def obey():
        watch = Stopwatch()
        for command in sys.stdin:
            if command.strip() == "start":
                watch = Stopwatch()
                print("STARTED", flush=True)
            elif command.strip() == "stop":
                wall, cpu = watch.wall(), watch.cpu()
                reporter.line("cpu", "ms", "lower", cpu * 1e3)
                reporter.line("wall", "ms", "lower", wall * 1e3)
                reporter.line("peak_rss", "MiB", "lower", peak_rss_mib())
                print("STOPPED", flush=True)
        os._exit(0)

    threading.Thread(target=obey, daemon=True).start()
