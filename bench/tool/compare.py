# SPDX-License-Identifier: MIT
"""`jay bench compare`: what changed between two results files."""

import json

import results
from results import figure


def compared(before, after):
    """The change of the median in percent, and what it is."""
    if after is None:
        return 0, "gone"
    old, new = before.middle, after.middle
    percent = 100 * (new / old - 1) if old else 100 if new else 0
    if before.overlaps(after):
        return percent, "noise"
    return percent, "better" if (new < old) == before.lower else "worse"


def compare(options):
    before, after = results.load(options.before), results.load(options.after)
    made = []
    for row in before.rows.values():
        other = after.find(*row.key)
        percent, verdict = compared(row, other)
        beyond = options.fail is not None and (verdict == "gone" or (verdict == "worse" and abs(percent) > options.fail))
        made.append((row, other, percent, verdict, beyond))
    beyond = sum(one[-1] for one in made)
    if options.json:
        print(json.dumps([{"bench": row.bench, "runtime": row.runtime, "workers": row.workers, "metric": row.metric,
                           "before": row.middle, "after": other.middle if other else None, "percent": percent,
                           "verdict": verdict, "beyond_limit": over} for row, other, percent, verdict, over in made],
                         indent=1, ensure_ascii=False))
    else:
        line = "{:<22} {:<10} {:>7} {:<18} {:>10} {:>10} {:>9}  {}{}"
        print(line.format("benchmark", "runtime", "workers", "metric", "before", "after", "change", "", ""))
        for row, other, percent, verdict, over in made:
            new = (figure(other.middle, row.unit), f"{percent:+.1f} %") if other else ("-", "-")
            print(line.format(row.bench, row.runtime, row.workers, row.metric, row.figure(), *new, verdict,
                              "  <-- beyond the limit" if over else ""))
        noise = sum(verdict == "noise" for _, _, _, verdict, _ in made)
        print(f"{len(made)} compared, {noise} of them within the noise (the ranges of the medians overlap)")
        if options.fail is not None:
            print(f"{beyond} worse than {options.fail:g} % beyond the noise, or gone")
    return 3 if beyond else 0
