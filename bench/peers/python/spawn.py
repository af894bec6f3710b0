#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
import asyncio

import support


async def value(i):
    return i


async def spawn(first, last):
    tasks = [asyncio.create_task(value(i)) for i in range(first, last)]
    total = 0
    for task in tasks:
        total += await task
    return total


async def main(count, batch):
    total = 0
    for first in range(0, count, batch):
        total += await spawn(first, min(first + batch, count))
    return total


given = support.Args(100_000)
name, batch = ("spawn_batch", 10_000) if given.mode(0, "all") == "batch" else ("spawn", given.size)
watch = support.Stopwatch()
total = asyncio.run(main(given.size, batch))
support.require(total == given.size * (given.size - 1) // 2, "sum of the spawned tasks")
support.Reporter(name).per_item("ns_per_task", given.size, watch)
