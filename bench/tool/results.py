# SPDX-License-Identifier: MIT
"""What `jay bench run` measured, as it stands in a results file:

    { "environment": {...},
      "rows": [ {"bench", "runtime", "compiler", "workers", "metric", "unit", "better", "median", "min", "samples": [...]} ],
      "failures": [ {"bench", "runtime", "workers", "reason"} ] }
"""

import dataclasses
import datetime
import json
import math
import os
import pathlib
import statistics


@dataclasses.dataclass
class Row:
    bench: str
    runtime: str
    compiler: str
    workers: int
    metric: str
    unit: str
    better: str  # "lower" or "higher"
    samples: list

    @property
    def key(self):
        return self.bench, self.runtime, self.workers, self.metric

    @property
    def lower(self):
        return self.better == "lower"

    @property
    def middle(self):
        return statistics.median(self.samples)

    @property
    def best(self):
        return min(self.samples) if self.lower else max(self.samples)

    @property
    def range(self):
        """What holds the median of the sampled with 95 % or more, whatever the distribution: by order statistics from six
        samples on (5 samples: smallest to largest is 94 %), and smallest to largest below that."""
        n = len(self.samples)
        rank, below = 1, 0.0
        for k in range(n // 2):
            # P(median below the k-th smallest) = P(fewer than k of n fair coins).
            below += math.comb(n, k) / 2**n
            if 2 * below > 0.05:
                break
            rank = k + 1
        ordered = sorted(self.samples)
        return ordered[rank - 1], ordered[n - rank]

    def overlaps(self, other):
        low, high = self.range
        its_low, its_high = other.range
        return low <= its_high and its_low <= high

    def spread(self):
        """Half the width of the range as a share of the median, "3 %"."""
        if len(self.samples) < 2 or self.middle == 0:
            return "-"
        percent = 50 * (self.range[1] - self.range[0]) / self.middle
        return f"{percent:.{1 if percent < 9.95 else 0}f} %"

    def against(self, jay):
        """"5.31 x worse", "1.20 x better", "same" where the ranges overlap."""
        if jay is None or jay is self or self.middle <= 0 or jay.middle <= 0:
            return ""
        if len(self.samples) > 1 and self.overlaps(jay):
            return "same"
        worse = self.middle / jay.middle if self.lower else jay.middle / self.middle
        factor = max(worse, 1 / worse)
        decimals = 2 if factor < 9.995 else 1 if factor < 99.95 else 0
        return f"{factor:.{decimals}f} x {'worse' if worse >= 1 else 'better'}"

    def figure(self):
        return figure(self.middle, self.unit)


class Results:
    def __init__(self, environment):
        self.environment = environment
        self.rows = {}
        self.failures = []

    def add(self, row):
        """Adds the row's samples to those of its key."""
        if row.key in self.rows:
            self.rows[row.key].samples += row.samples
        else:
            self.rows[row.key] = row

    def find(self, *key):
        return self.rows.get(key)

    def workers(self, bench):
        return sorted({row.workers for row in self.rows.values() if row.bench == bench})

    def standings(self, bench, workers, metric):
        """Who answered it: jay first, the others from best to worst."""
        rows = [r for r in self.rows.values() if (r.bench, r.workers, r.metric) == (bench, workers, metric)]
        return sorted(rows, key=lambda r: (r.runtime != "jay", r.middle if r.lower else -r.middle, r.runtime))

    def json(self):
        rows = [{"bench": r.bench, "runtime": r.runtime, "compiler": r.compiler, "workers": r.workers, "metric": r.metric,
                 "unit": r.unit, "better": r.better, "median": r.middle, "min": min(r.samples), "samples": r.samples}
                for r in self.rows.values()]
        document = {"environment": self.environment, "rows": rows, "failures": self.failures}
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def load(path):
    try:
        text = pathlib.Path(path).read_text()
    except (OSError, UnicodeDecodeError) as e:
        raise RuntimeError(f"read {path}: {e.strerror if isinstance(e, OSError) else e}") from None
    try:
        document = json.loads(text)
        results = Results(document.get("environment", {}))
        for r in document["rows"]:
            row = Row(*(r[k] for k in ("bench", "runtime")), r.get("compiler", ""), *(r[k] for k in ("workers", "metric", "unit",
                      "better")), [float(sample) for sample in r["samples"]])
            if row.better not in ("lower", "higher"):
                raise ValueError(f'"better" is "{row.better}", not lower or higher')
            if not row.samples:
                raise ValueError(f"{row.metric} of {row.bench} has no samples")
            results.rows[row.key] = row
        results.failures = [{k: f[k] for k in ("bench", "runtime", "workers", "reason")} for f in document.get("failures", [])]
        return results
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        why = f"no {e}" if isinstance(e, KeyError) else e
        raise RuntimeError(f"read {path}: not a results file of `jay bench run --out`: {why}") from None


def write_file(path, text):
    """By way of a file beside it, so that a reader never sees half of it."""
    unfinished = f"{path}.new"
    try:
        pathlib.Path(unfinished).write_text(text)
        os.replace(unfinished, path)
    except OSError as e:
        raise RuntimeError(f"write {unfinished}: {e.strerror}") from None


def three_digits(value):
    size = abs(value)
    if 0 < size < 0.0995:
        return f"{value:.2g}"
    return f"{value:.{0 if size >= 99.95 or size == 0 else 1 if size >= 9.995 else 2}f}"


def figure(value, unit):
    """A figure with three significant digits and its unit: 12345678 as 12.3 M, 1500 us as 1.50 ms."""
    seconds_in = {"s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    if unit in seconds_in:
        seconds = value * seconds_in[unit]
        # The largest unit that leaves at least one whole.
        name = next((u for u, size in seconds_in.items() if abs(seconds) >= 0.9995 * size), "ns")
        return f"{three_digits(seconds / seconds_in[name])} {name}"
    text = three_digits(value)
    if abs(value) >= 9999.5:
        prefix, size = next((p, s) for p, s in (("G", 1e9), ("M", 1e6), ("k", 1e3)) if abs(value) >= 0.9995 * s)
        text = f"{three_digits(value / size)} {prefix}"
    return f"{text} {unit}" if unit in ("%", "MiB") else text


def value_in(path, name, separator):
    """The text behind the first "NAME<separator>" of a file."""
    try:
        for line in pathlib.Path(path).read_text().splitlines():
            if line.startswith(name) and separator in line:
                return line.split(separator, 1)[1].strip(' \t"')
    except OSError:
        pass
    return ""


def environment(jay):
    """The machine that measures: processor, cores, memory, kernel, system, date, load."""
    system = os.uname()
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "cpu": value_in("/proc/cpuinfo", "model name", ":"),
            "processors": len(os.sched_getaffinity(0)),
            "virtual": "hypervisor" in value_in("/proc/cpuinfo", "flags", ":").split(),
            "memory_mib": int(value_in("/proc/meminfo", "MemTotal", ":").split(" ")[0] or 0) // 1024,
            "system": value_in("/etc/os-release", "PRETTY_NAME", "="),
            "kernel": f"{system.sysname} {system.release} {system.machine}",
            "load_average": list(os.getloadavg()),
            "jay": jay}
