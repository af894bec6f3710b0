# SPDX-License-Identifier: MIT
"""What the programs of this folder have in common (programs.hpp is its counterpart).

A program is a function with a public name: a coroutine function, which asyncio.run runs, or a plain one, which runs its loops
itself. It says lines; the program of the same name in jay has to say the same.
"""
import asyncio
import functools
import sys
import textwrap

lines = []


class Oops(Exception):
    """The error of the programs themselves."""


def error(e):
    """The kind of an error, in words that both languages have; the text only where it is the program's own."""
    if isinstance(e, asyncio.CancelledError):
        return "cancelled(" + (e.args[0] if e.args and e.args[0] else "") + ")"
    if isinstance(e, BaseExceptionGroup):
        return "group[" + ", ".join(error(one) for one in e.exceptions) + "]"
    if isinstance(e, Oops):
        return f"oops({e})"
    if isinstance(e, asyncio.IncompleteReadError):
        return f"incomplete({e.partial.decode()}, {text(e.expected)})"
    if isinstance(e, asyncio.LimitOverrunError):
        return f"limit overrun({e.consumed})"
    kinds = {
        TimeoutError: "timeout", asyncio.InvalidStateError: "invalid state", asyncio.QueueEmpty: "queue empty",
        asyncio.QueueFull: "queue full", asyncio.BrokenBarrierError: "broken barrier",
        getattr(asyncio, "QueueShutDown", asyncio.QueueFull): "queue shut down",
        KeyboardInterrupt: "keyboard interrupt", OSError: "os error", ValueError: "value error", RuntimeError: "runtime error",
    }
    kinds[asyncio.QueueFull] = "queue full"
    for kind, word in kinds.items():
        if isinstance(e, kind):
            return word
    raise e


def text(v):
    if v is None:
        return "none"
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, bytes):
        return v.decode()
    if isinstance(v, BaseException):
        return error(v)
    if isinstance(v, (list, tuple)):
        return "[" + ", ".join(text(one) for one in v) + "]"
    return str(v)


def say(*values):
    lines.append(" ".join(text(v) for v in values))


async def outcome(awaitable):
    """What an awaitable gives or throws, in words."""
    try:
        return text(await awaitable)
    except BaseException as e:
        return error(e)


def outcome_of_call(f, *args):
    try:
        return text(f(*args))
    except BaseException as e:
        return error(e)


async def turns(n):
    for _ in range(n):
        await asyncio.sleep(0)


async def forever():
    await asyncio.Future()


async def value_after(n, value):
    await turns(n)
    return value


async def oops_after(n, message):
    await turns(n)
    raise Oops(message)


def since(version, said):
    """For what came with a later Python: an earlier one says what the documentation promises, which a later one checks."""
    def decorate(f):
        if sys.version_info >= version:
            return f

        async def documented():
            lines.extend(textwrap.dedent(said).strip().splitlines())
        return functools.update_wrapper(documented, f, updated=())
    return decorate
