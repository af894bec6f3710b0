#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# CPython: an async generator whose aclose() was cancelled has ended, and says for ever that it is running.
#
# Guess: a cancel that reaches `finally: await ...` of a generator ends it, as any exception would. Who asks it for another
#   value afterwards is told that there is none (StopAsyncIteration).
# Seen: it has ended (ag_frame is None), but ag_running stays True, and each anext() raises "RuntimeError: anext():
#   asynchronous generator is already running", though nothing runs. The same with a time limit around aclose(), or around the
#   `async with aclosing(...)` that calls it. Whoever shares the generator blames another task that is not there. aclose() itself
#   may be called again and says nothing. CPython 3.14.2 gives the end. Do not go on with a generator whose closing has been
#   cancelled, or shield the closing.
# With: CPython 3.11 (seen with 3.11.7)
# Source: https://github.com/python/cpython/issues/117881 and its change 117882, which marks the generator as no longer
#   running where an exception leaves athrow() or aclose(); https://docs.python.org/3.11/reference/expressions.html#agen.aclose
set -euo pipefail

python3 - <<'PY'
import asyncio
import contextlib
import platform
import sys


async def numbers(cleaning):
    try:
        yield 1
        yield 2
    finally:
        cleaning.set()
        await asyncio.Event().wait()


async def ask(generator):
    try:
        return await anext(generator)
    except (RuntimeError, StopAsyncIteration) as error:
        return f"{type(error).__name__} {error}".strip()


async def by_cancel():
    cleaning = asyncio.Event()
    generator = numbers(cleaning)
    await anext(generator)
    closing = asyncio.create_task(generator.aclose())
    await cleaning.wait()
    closing.cancel()
    await asyncio.wait([closing])
    assert closing.cancelled()
    return generator


async def by_time_limit():
    generator = numbers(asyncio.Event())
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05), contextlib.aclosing(generator):
            await anext(generator)
    return generator


async def look(how):
    generator = await how()
    said = [f"ended {generator.ag_frame is None}", f"running {generator.ag_running}", await ask(generator), await ask(generator)]
    await generator.aclose()
    line = f"{how.__name__}: {', '.join(said)}"
    print(line)
    return line


print("CPython", platform.python_version())
busy = "RuntimeError anext(): asynchronous generator is already running"
seen = [asyncio.run(look(how)) for how in (by_cancel, by_time_limit)]
expected = [f"{how}: ended True, running True, {busy}, {busy}" for how in ("by_cancel", "by_time_limit")]
sys.exit(None if seen == expected else f"not as described: {seen}")
PY
echo "as described"
