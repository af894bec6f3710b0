#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
import asyncio

import support


async def main(count):
    there, back = asyncio.Queue(1), asyncio.Queue(1)

    async def answer():
        for _ in range(count):
            await back.put(await there.get() + 1)

    answering = asyncio.create_task(answer())
    value = 0
    for _ in range(count):
        await there.put(value)
        value = await back.get()
    await answering
    return value


given = support.Args(100_000)
watch = support.Stopwatch()
support.require(asyncio.run(main(given.size)) == given.size, "round trips")
support.Reporter("pingpong").per_item("ns_per_round_trip", given.size, watch)
