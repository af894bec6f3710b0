#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# uvloop: asyncio.sleep() may end before its time, and a sleep of less than half a millisecond is none.
#
# Guess: uvloop is the same loop, only faster. A sleep lasts at least as long as was asked for; only how much longer differs.
# Seen: uvloop rounds the delay to the nearest millisecond: 0.4 ms becomes a turn of the loop, some microseconds; 1.4 ms ends
#   after about 1.0 ms. asyncio's own loop rounds up: 1.1 and 2.1 ms. So a rate limiter or a back-off with short sleeps runs
#   many times faster on uvloop, a poll loop with sleep(0.0003) becomes a busy loop, code that looks at the clock after
#   the sleep finds its deadline still ahead, and a benchmark of short timers measures how each loop rounds.
# With: uvloop 0.17.0 (Debian 12: python3-uvloop 0.17.0+ds1-2+b2), libuv 1.44.2, CPython 3.11
# Source: https://github.com/MagicStack/uvloop/issues/233, https://github.com/MagicStack/uvloop/issues/739,
#   https://github.com/MagicStack/uvloop/blob/master/uvloop/loop.pyx (call_later)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get download -qq -o APT::Sandbox::User=root python3-uvloop=0.17.0+ds1-2+b2 libuv1=1.44.2-1+deb12u1
for deb in *.deb; do dpkg -x "$deb" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu PYTHONPATH=$dir/root/usr/lib/python3/dist-packages

python3 - <<'PY'
import asyncio
import platform
import sys
import time

import uvloop


async def shortest(delay):
    """The shortest of 200 sleeps, in milliseconds: load can only make a sleep longer."""
    spans = []
    for _ in range(200):
        start = time.perf_counter()
        await asyncio.sleep(delay / 1000)
        spans.append(time.perf_counter() - start)
    return min(spans) * 1000


def measure(loop, delay):
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(shortest(delay))


print("uvloop", uvloop.__version__, "CPython", platform.python_version())
assert uvloop.__version__ == "0.17.0" and sys.version_info[:2] == (3, 11)
for delay in 0.4, 1.4:
    usual = measure(asyncio.new_event_loop, delay)
    other = measure(uvloop.new_event_loop, delay)
    print(f"{delay} ms: asyncio's loop sleeps {usual:.2f} ms, uvloop {other:.2f} ms")
    assert usual >= delay > other
assert measure(uvloop.new_event_loop, 0.4) < 0.1
print("as described")
PY
