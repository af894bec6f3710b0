# SPDX-License-Identifier: MIT
"""async with, AsyncExitStack."""
import asyncio
import contextlib

from programs import Oops, forever, outcome, say, turns


class _Room:
    def __init__(self, name, swallows=False, throws=None, refuses=False):
        self.name, self.swallows, self.throws, self.refuses = name, swallows, throws, refuses

    async def __aenter__(self):
        await asyncio.sleep(0)
        if self.refuses:
            raise Oops("refused by " + self.name)
        say("enter", self.name)
        return self

    async def __aexit__(self, kind, e, traceback):
        await asyncio.sleep(0)
        say("exit", self.name, e)
        if self.throws:
            raise Oops(self.throws)
        return self.swallows


async def a_manager_is_left_after_its_body():
    async with _Room("a") as room:
        say("body", room.name)
    say("after")


async def an_exit_is_given_the_error_and_passes_it_on():
    async def fails():
        async with _Room("a"):
            raise Oops("body")

    say(await outcome(fails()))


async def an_exit_may_swallow_an_error():
    async with _Room("a", swallows=True):
        raise Oops("body")
    say("after")


async def an_exit_may_replace_an_error():
    async def fails():
        async with _Room("a", throws="exit"):
            raise Oops("body")

    say(await outcome(fails()))


async def an_exit_may_fail_by_itself():
    async def fails():
        async with _Room("a", throws="exit"):
            say("body")

    say(await outcome(fails()))


async def what_refuses_to_be_entered_is_not_left():
    async def refused():
        async with _Room("a", refuses=True):
            say("never")

    say(await outcome(refused()))


async def managers_are_left_in_the_reverse_order():
    async with _Room("a"):
        async with _Room("b"):
            say("body")


async def a_cancel_is_seen_by_the_exit_and_stays_a_cancel():
    async def waits():
        async with _Room("a"):
            await forever()

    task = asyncio.create_task(waits())
    await turns(3)
    task.cancel("why")
    say(await outcome(task))


async def a_cancel_may_be_swallowed_by_an_exit():
    async def waits():
        async with _Room("a", swallows=True):
            await forever()
        return "goes on"

    task = asyncio.create_task(waits())
    await turns(3)
    task.cancel()
    say(await outcome(task), task.cancelling())


async def a_stack_leaves_the_youngest_first():
    async with contextlib.AsyncExitStack() as stack:
        for name in "abc":
            await stack.enter_async_context(_Room(name))
        say("body")


async def a_stack_makes_its_calls_between_the_exits():
    async def later(what):
        await asyncio.sleep(0)
        say("later", what)

    async with contextlib.AsyncExitStack() as stack:
        stack.callback(say, "callback", 1)
        await stack.enter_async_context(_Room("a"))
        stack.push_async_callback(later, 2)
        say("body")


async def below_an_exit_that_swallows_nothing_is_wrong():
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(_Room("lower"))
        await stack.enter_async_context(_Room("swallows", swallows=True))
        await stack.enter_async_context(_Room("upper"))
        raise Oops("body")
    say("after")


async def below_an_exit_that_fails_its_error_is_seen():
    async def fails():
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(_Room("lower"))
            await stack.enter_async_context(_Room("fails", throws="exit"))
            await stack.enter_async_context(_Room("upper"))

    say(await outcome(fails()))


async def a_stack_that_cannot_enter_leaves_what_it_has():
    async def fails():
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(_Room("a"))
            await stack.enter_async_context(_Room("b", refuses=True))
            say("never")

    say(await outcome(fails()))


async def a_stack_is_left_now_by_aclose():
    stack = contextlib.AsyncExitStack()
    await stack.enter_async_context(_Room("a"))
    await stack.aclose()
    say("closed")
    await stack.aclose()


async def pop_all_takes_the_exits_elsewhere():
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(_Room("a"))
        kept = stack.pop_all()
    say("left")
    await kept.aclose()


async def a_pushed_exit_is_given_the_error_and_may_swallow_it():
    async def swallows(kind, e, traceback):
        say("pushed", e)
        return True

    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_exit(swallows)
        raise Oops("body")
    say("after")


async def a_cancel_in_an_exit_is_seen_by_those_below():
    class Slow(_Room):
        async def __aexit__(self, kind, e, traceback):
            say("waits")
            await forever()

    async def leaves():
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(_Room("lower"))
            await stack.enter_async_context(Slow("slow"))

    task = asyncio.create_task(leaves())
    await turns(4)
    task.cancel("why")
    say(await outcome(task))
