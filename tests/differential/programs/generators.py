# SPDX-License-Identifier: MIT
"""Asynchronous generators, aclosing."""
import asyncio
import contextlib

from programs import Oops, forever, outcome, say, turns


async def _count(n):
    say("begins")
    try:
        for i in range(n):
            yield i
    finally:
        say("ends")


async def _next(generator):
    return await anext(generator, None)


async def a_generator_gives_its_values_and_then_ends():
    generator = _count(2)
    for _ in range(4):
        say(await _next(generator))


async def a_generator_begins_when_it_is_asked():
    generator = _count(1)
    say("made")
    await turns(2)
    say(await _next(generator))
    await generator.aclose()


async def a_generator_may_await_between_its_values():
    async def slow():
        for i in range(2):
            await turns(2)
            yield i

    async def other():
        for n in range(3):
            say("other", n)
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    async for i in slow():
        say(i)
    await task


async def aclose_ends_a_generator_at_its_yield():
    generator = _count(3)
    say(await _next(generator))
    await generator.aclose()
    say(await _next(generator))


async def aclose_of_one_that_has_not_begun_runs_nothing():
    generator = _count(3)
    await generator.aclose()
    say(await _next(generator))


async def aclose_of_one_that_has_ended_does_nothing():
    generator = _count(0)
    say(await _next(generator))
    say(await outcome(generator.aclose()), await outcome(generator.aclose()))


async def an_error_of_the_body_comes_out_of_next_and_ends_it():
    async def fails():
        yield 1
        raise Oops("body")

    generator = fails()
    say(await _next(generator))
    say(await outcome(_next(generator)))
    say(await outcome(_next(generator)))


async def a_yield_after_aclose_is_a_runtime_error():
    async def ignores():
        try:
            yield 1
        except GeneratorExit:
            pass
        yield 2

    generator = ignores()
    await _next(generator)
    say(await outcome(generator.aclose()))


async def an_error_while_it_is_closed_comes_out_of_aclose():
    async def fails():
        try:
            yield 1
        finally:
            raise Oops("cleanup")

    generator = fails()
    await _next(generator)
    say(await outcome(generator.aclose()))


async def a_generator_that_is_closed_may_return():
    async def returns():
        try:
            yield 1
        except GeneratorExit:
            say("returns")

    generator = returns()
    await _next(generator)
    say(await outcome(generator.aclose()))


async def aclosing_closes_what_a_break_leaves():
    async with contextlib.aclosing(_count(3)) as generator:
        async for i in generator:
            say(i)
            break
        say("left")
    say("after")


async def aclosing_closes_on_an_error():
    async def leaves():
        async with contextlib.aclosing(_count(3)) as generator:
            say(await _next(generator))
            raise Oops("inside")

    say(await outcome(leaves()))


async def the_inner_generator_is_closed_before_the_outer_one():
    async def outer():
        try:
            async with contextlib.aclosing(_count(3)) as inner:
                async for i in inner:
                    yield i
        finally:
            say("outer ends")

    generator = outer()
    say(await _next(generator))
    await generator.aclose()


async def values_of_an_inner_generator_pass_through():
    async def outer():
        async for i in _count(2):
            yield i
        yield 9

    async for i in outer():
        say(i)


async def a_cancel_of_who_asks_reaches_the_body_and_ends_it():
    async def waits():
        try:
            yield 1
            await forever()
        except asyncio.CancelledError as e:
            say("inside", e)
            raise

    generator = waits()
    await _next(generator)
    task = asyncio.create_task(_next(generator))
    await turns(2)
    task.cancel("why")
    say(await outcome(task), await outcome(_next(generator)))


async def a_body_that_catches_a_cancel_goes_on():
    async def stubborn():
        try:
            await forever()
        except asyncio.CancelledError:
            say("caught")
        yield 2

    generator = stubborn()
    task = asyncio.create_task(_next(generator))
    await turns(2)
    task.cancel()
    say(await outcome(task), await outcome(_next(generator)))


async def a_cleanup_that_awaits_is_awaited_by_aclose():
    async def slow_cleanup():
        try:
            yield 1
        finally:
            await turns(2)
            say("cleaned up")

    generator = slow_cleanup()
    await _next(generator)
    await generator.aclose()
    say("closed")


async def a_cancel_of_aclose_reaches_the_cleanup():
    async def slow_cleanup():
        try:
            yield 1
        finally:
            try:
                await forever()
            except asyncio.CancelledError as e:
                say("inside", e)
                raise

    generator = slow_cleanup()
    await _next(generator)
    task = asyncio.create_task(generator.aclose())
    await turns(2)
    task.cancel("why")
    say(await outcome(task))  # 3.11's generator believes from then on that it is running


async def a_cancel_of_next_is_told_wherever_the_body_waits():
    async def slow():
        try:
            await turns(1)
            say("first part")
            await turns(1)
            say("second part")
            yield 1
        finally:
            say("ends")

    for n in range(5):
        generator = slow()
        task = asyncio.create_task(_next(generator))
        await turns(n)
        say("after", n, task.cancel())
        say(await outcome(task), await outcome(_next(generator)))
        await generator.aclose()


async def a_cancel_of_aclose_is_told_wherever_the_cleanup_waits():
    async def slow_cleanup():
        try:
            yield 1
        finally:
            await turns(1)
            say("first part")
            await turns(1)
            say("second part")

    for n in range(1, 5):
        generator = slow_cleanup()
        await _next(generator)
        task = asyncio.create_task(generator.aclose())
        await turns(n)
        say("after", n, task.cancel())
        say(await outcome(task))


async def who_asks_while_another_waits_gets_a_runtime_error():
    async def waits():
        await forever()
        yield 1

    generator = waits()
    task = asyncio.create_task(_next(generator))
    await turns(2)
    say(await outcome(_next(generator)))
    task.cancel()
    say(await outcome(task))


async def a_generator_may_be_asked_by_one_task_after_another():
    generator = _count(3)

    async def asks():
        return await _next(generator)

    for _ in range(2):
        say(await asyncio.create_task(asks()))
    await generator.aclose()


def a_generator_that_is_left_is_closed_at_the_end_of_the_run():
    kept = []

    async def main():
        kept.append(_count(3))
        say(await _next(kept[0]))
        say("main ends")

    asyncio.run(main())
    say("after the run")


async def a_generator_shares_the_task_of_who_asks():
    async def names():
        while True:
            yield asyncio.current_task().get_name()

    asyncio.current_task().set_name("main")
    generator = names()
    say(await _next(generator))

    async def asks():
        return await _next(generator)

    say(await asyncio.create_task(asks(), name="child"))
    await generator.aclose()
