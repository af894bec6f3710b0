#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# asyncio: a time limit of zero means "never start" in wait_for and "start, and perhaps never time out" in timeout.
#
# Guess: wait_for(f(), t) and `async with timeout(t): await f()` are two spellings of one thing, for zero too.
# Seen: wait_for(f(), 0) makes a task and cancels it before its first step: f does nothing at all, not even the part that
#   needs no waiting, its `finally` is not reached, and nothing warns that it never ran. timeout(0) cancels by a callback
#   of the next turn: f runs to its first real suspension, and if it has none (a cache hit, a queue that has items) it gives its
#   value and there is no TimeoutError. So "give me what is there at once" works with timeout(0) only.
# With: CPython 3.11
# Source: https://docs.python.org/3.11/library/asyncio-task.html#timeouts,
#   https://github.com/python/cpython/blob/3.11/Lib/asyncio/tasks.py (wait_for),
#   https://github.com/python/cpython/blob/3.11/Lib/asyncio/timeouts.py (Timeout.reschedule)
set -euo pipefail

python3 -W error - <<'PY'
import asyncio
import platform
import sys

steps = []


async def at_once():
    steps.append("began")
    try:
        return 42
    finally:
        steps.append("finally")


async def suspends():
    steps.append("began")
    try:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return 42
    finally:
        steps.append("finally")


async def by_wait_for(f):
    return await asyncio.wait_for(f(), 0)


async def by_timeout(f):
    async with asyncio.timeout(0):
        return await f()


def outcome(how, f):
    steps.clear()
    try:
        end = asyncio.run(how(f))
    except TimeoutError:
        end = "TimeoutError"
    line = f"{how.__name__} {f.__name__}: {' '.join(steps) or 'no step'}, {end}"
    print(line)
    return line


print("CPython", platform.python_version())
assert sys.version_info[:2] == (3, 11)
assert [outcome(how, f) for how in (by_wait_for, by_timeout) for f in (at_once, suspends)] == [
    "by_wait_for at_once: no step, TimeoutError",
    "by_wait_for suspends: no step, TimeoutError",
    "by_timeout at_once: began finally, 42",
    "by_timeout suspends: began finally, TimeoutError",
]
print("as described")
PY
