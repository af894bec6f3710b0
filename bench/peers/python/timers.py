#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
import asyncio
import time

import support


def delays(count):
    """The same sequence as bench/support/random_delay.hpp, in seconds."""
    state, mask = 88172645463325252, (1 << 64) - 1
    for _ in range(count):
        state ^= (state << 13) & mask
        state ^= state >> 7
        state ^= (state << 17) & mask
        yield (state % 1_000_000_000) * 1e-9


async def sleep_once(delay):
    start = time.monotonic()
    await asyncio.sleep(delay)
    # asyncio may wake a task up to one tick of the clock early.
    return time.monotonic() - start >= delay - 1e-6


async def main(count):
    return await asyncio.gather(*[sleep_once(delay) for delay in delays(count)])


given = support.Args(100_000)
watch = support.Stopwatch()
woken = asyncio.run(main(given.size))
support.require(len(woken) == given.size and all(woken), "number of sleepers woken, and none early")
support.Reporter("timers").per_item("wall_ns_per_timer", given.size, watch)
