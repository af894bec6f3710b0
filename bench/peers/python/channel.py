#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Four producers and four consumers over one bounded queue."""
import asyncio

import support

PRODUCERS, CONSUMERS, CAPACITY = 4, 4, 1024


async def main(count):
    queue = asyncio.Queue(CAPACITY)

    async def produce(first):
        for i in range(first, count, PRODUCERS):
            await queue.put(i)

    async def consume():
        mine = 0
        while (value := await queue.get()) >= 0:
            mine += value
        return mine

    consumers = [asyncio.create_task(consume()) for _ in range(CONSUMERS)]
    await asyncio.gather(*[produce(first) for first in range(PRODUCERS)])
    for _ in range(CONSUMERS):
        await queue.put(-1)
    return sum(await asyncio.gather(*consumers))


given = support.Args(100_000)
watch = support.Stopwatch()
support.require(asyncio.run(main(given.size)) == given.size * (given.size - 1) // 2, "sum of the items")
support.Reporter("channel").per_item("ns_per_item", given.size, watch)
