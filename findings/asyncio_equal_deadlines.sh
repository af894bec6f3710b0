#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# asyncio: timers of one deadline do not run in the order in which they were made.
#
# Guess: the first task that went to sleep until t wakes first. asyncio is fair elsewhere: call_soon, locks and queues are
#   first come, first served; and heapq users know to add a counter for ties.
# Seen: TimerHandles are compared by their time alone, and a heap is not stable. Eight call_at of one deadline run as
#   0 2 6 5 7 1 3 4, the same every time. Tasks show it too, where many of them have one common deadline for
#   asyncio.timeout_at. Equal asyncio.sleep() calls do not show it: each reads the clock anew.
# With: CPython 3.11
# Source: https://docs.python.org/3.11/library/asyncio-eventloop.html#asyncio.loop.call_at (undefined order),
#   https://github.com/python/cpython/blob/3.11/Lib/asyncio/events.py (TimerHandle.__lt__)
set -euo pipefail

python3 - <<'PY'
import asyncio
import platform
import sys


async def callbacks():
    loop = asyncio.get_running_loop()
    order = []
    deadline = loop.time() + 0.02
    for i in range(8):
        loop.call_at(deadline, order.append, i)
    await asyncio.sleep(0.05)
    return order


async def timeouts():
    order = []
    deadline = asyncio.get_running_loop().time() + 0.02

    async def wait(i):
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.Event().wait()
        except TimeoutError:
            order.append(i)

    await asyncio.gather(*[wait(i) for i in range(8)])
    return order


print("CPython", platform.python_version())
assert sys.version_info[:2] == (3, 11)
for program, expected in (callbacks, [0, 2, 6, 5, 7, 1, 3, 4]), (timeouts, [0, 2, 6, 5, 7, 4, 1, 3]):
    order = asyncio.run(program())
    print(program.__name__, *order)
    assert order == expected
print("as described")
PY
