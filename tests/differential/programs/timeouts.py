# SPDX-License-Identifier: MIT
"""timeout, timeout_at."""
import asyncio

from programs import Oops, forever, outcome, outcome_of_call, say, turns


def _now():
    return asyncio.get_running_loop().time()


async def a_limit_that_passes_throws_timeout_error():
    async def limited():
        async with asyncio.timeout(0.001):
            await forever()

    say(await outcome(limited()), asyncio.current_task().cancelling())


async def what_ends_in_time_is_not_disturbed():
    async with asyncio.timeout(60) as limit:
        await turns(2)
    say("in time", limit.expired())
    await turns(2)


async def inside_the_limit_the_cancel_is_seen():
    async def limited():
        async with asyncio.timeout(0.001):
            try:
                await forever()
            except asyncio.CancelledError:
                say("cancelled inside")
                raise

    say(await outcome(limited()))


async def a_limit_of_none_never_passes():
    async with asyncio.timeout(None) as limit:
        say(limit.when())
        await turns(2)
    say(limit.expired())


async def a_limit_of_no_time_passes_at_the_first_suspension():
    async def limited():
        async with asyncio.timeout(0):
            say("begun")
            await forever()
            say("never")

    say(await outcome(limited()))


async def a_limit_in_the_past_passes_at_the_first_suspension():
    async def limited():
        async with asyncio.timeout_at(_now() - 5) as limit:
            say(limit.when() < _now())
            await forever()

    say(await outcome(limited()))


async def a_limit_may_be_moved_away():
    async with asyncio.timeout(0) as limit:
        limit.reschedule(_now() + 60)
        await turns(3)
    say("in time", limit.expired())


async def a_limit_may_be_moved_nearer():
    async def limited():
        async with asyncio.timeout(60) as limit:
            limit.reschedule(_now())
            await forever()

    say(await outcome(limited()))


async def a_limit_may_be_taken_away():
    async with asyncio.timeout(0.001) as limit:
        limit.reschedule(None)
        say(limit.when())
        await asyncio.sleep(0.01)
    say("in time", limit.expired())


async def when_says_what_was_set():
    at = _now() + 60
    async with asyncio.timeout_at(at) as limit:
        say(limit.when() == at)
        limit.reschedule(at + 1)
        say(limit.when() == at + 1, limit.expired())


async def a_limit_that_has_passed_stays_expired():
    limit = asyncio.timeout(0.001)
    try:
        async with limit:
            await forever()
    except TimeoutError:
        say("caught", limit.expired())
    await turns(2)
    say(limit.expired())


async def a_limit_that_is_over_cannot_be_moved():
    async with asyncio.timeout(60) as limit:
        pass
    say(outcome_of_call(limit.reschedule, None))


async def the_inner_limit_passes_first():
    async def limited():
        async with asyncio.timeout(60) as outer:
            try:
                async with asyncio.timeout(0.001) as inner:
                    await forever()
            except TimeoutError:
                say("inner", inner.expired(), outer.expired())
            await turns(2)
        return "goes on"

    say(await outcome(limited()))


async def the_outer_limit_passes_through_the_inner_one():
    async def limited():
        inner = asyncio.timeout(60)
        async with asyncio.timeout(0.001) as outer:
            try:
                async with inner:
                    await forever()
            finally:
                say("inner", inner.expired(), "outer", outer.expired())

    say(await outcome(limited()))


async def an_error_of_the_body_is_passed_on():
    async def limited():
        async with asyncio.timeout(60):
            raise Oops("body")

    say(await outcome(limited()))


async def an_error_after_the_limit_takes_the_place_of_the_timeout():
    async def limited():
        async with asyncio.timeout(0.001):
            try:
                await forever()
            except asyncio.CancelledError:
                raise Oops("instead") from None

    say(await outcome(limited()))


async def a_body_that_swallows_the_limit_ends_without_an_error():
    async def limited():
        async with asyncio.timeout(0.001) as limit:
            try:
                await forever()
            except asyncio.CancelledError:
                say("swallowed")
        return limit.expired()

    say(await outcome(limited()), asyncio.current_task().cancelling())


async def a_cancel_from_outside_is_no_timeout():
    async def limited():
        async with asyncio.timeout(60) as limit:
            try:
                await forever()
            finally:
                say(limit.expired())

    task = asyncio.create_task(limited())
    await turns(2)
    task.cancel("outside")
    say(await outcome(task), task.cancelled(), task.cancelling())


async def a_timeout_is_caught_outside_its_block_and_the_task_goes_on():
    async def limited():
        try:
            async with asyncio.timeout(0.001):
                await forever()
        except TimeoutError:
            say("caught", asyncio.current_task().cancelling())
        await turns(2)
        return "goes on"

    say(await outcome(asyncio.create_task(limited())))


async def limits_may_follow_each_other():
    n = 0
    for _ in range(3):
        try:
            async with asyncio.timeout(0.001):
                await forever()
        except TimeoutError:
            n += 1
    say(n, asyncio.current_task().cancelling())


async def a_timeout_in_a_child_is_the_childs_own():
    async def child():
        async with asyncio.timeout(0.001):
            await forever()

    task = asyncio.create_task(child())
    async with asyncio.timeout(60) as limit:
        say(await outcome(task))
    say(limit.expired(), asyncio.current_task().cancelling())


async def a_limit_reaches_the_task_that_is_awaited():
    task = asyncio.create_task(forever())

    async def limited():
        async with asyncio.timeout(0.001):
            await task

    say(await outcome(limited()), task.cancelled())
