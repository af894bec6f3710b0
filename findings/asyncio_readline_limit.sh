#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# asyncio: what readline() gives after a line that is too long depends on how the bytes were cut into packets.
#
# Guess: readline() raises ValueError for a line longer than the limit, skips that line and goes on with the next.
# Seen: it skips the whole line only if its newline has come already. Else it throws away what is there and remembers
#   nothing, so the rest of the long line comes as a line of its own, as if a peer had sent it. The same bytes give
#   `a b` when they come in one piece and `a tail b` when they come in two. A small test sees the first, a real network
#   the second. Whoever goes on after ValueError has lost the framing: close the connection, or use readuntil and keep count.
# With: CPython 3.11
# Source: https://docs.python.org/3.11/library/asyncio-stream.html#asyncio.StreamReader.readuntil,
#   https://github.com/python/cpython/blob/3.11/Lib/asyncio/streams.py (readline: removes the line, or clears the buffer)
set -euo pipefail

python3 - <<'PY'
import asyncio
import platform
import sys


async def lines(*packets):
    """What a loop over readline() sees, with a limit of 8 bytes; each packet comes when the reader waits."""
    reader = asyncio.StreamReader(limit=8)

    async def feed():
        for packet in packets:
            reader.feed_data(packet)
            for _ in range(5):
                await asyncio.sleep(0)
        reader.feed_eof()

    feeding = asyncio.create_task(feed())
    got = []
    while True:
        try:
            line = await reader.readline()
        except ValueError:
            got.append("ValueError")
            continue
        if not line:
            break
        got.append(line.decode().strip())
    await feeding
    return got


print("CPython", platform.python_version())
assert sys.version_info[:2] == (3, 11)
whole = b"a\n" + b"x" * 20 + b"tail\n" + b"b\n"
one = asyncio.run(lines(whole))
two = asyncio.run(lines(whole[:22], whole[22:]))
print("in one packet: ", *one)
print("in two packets:", *two)
assert one == ["a", "ValueError", "b"]
assert two == ["a", "ValueError", "tail", "b"]
print("as described")
PY
