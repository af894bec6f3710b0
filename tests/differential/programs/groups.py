# SPDX-License-Identifier: MIT
"""TaskGroup, except*."""
import asyncio

from programs import Oops, forever, oops_after, outcome, outcome_of_call, say, since, turns, value_after


async def a_group_waits_for_all_its_tasks():
    async with asyncio.TaskGroup() as group:
        a = group.create_task(value_after(2, "a"))
        b = group.create_task(value_after(1, "b"))
        say("body")
    say(a.result(), b.result())


async def an_empty_group_ends_at_once():
    async with asyncio.TaskGroup():
        say("body")
    say("after")


async def a_task_that_fails_cancels_its_siblings():
    async def sibling():
        try:
            await forever()
        except asyncio.CancelledError:
            say("sibling is cancelled")
            raise

    async def group():
        async with asyncio.TaskGroup() as g:
            g.create_task(sibling())
            g.create_task(oops_after(1, "bad"))

    say(await outcome(group()))


@since((3, 13), """
    body is cancelled
    group[oops(bad)] 0
    """)
async def a_task_that_fails_cancels_the_body():
    async def group():
        async with asyncio.TaskGroup() as g:
            g.create_task(oops_after(1, "bad"))
            try:
                await forever()
            except asyncio.CancelledError:
                say("body is cancelled")
                raise

    say(await outcome(group()), asyncio.current_task().cancelling())


async def an_error_of_the_body_cancels_the_tasks():
    async def group():
        async with asyncio.TaskGroup() as g:
            task = g.create_task(forever())
            task.add_done_callback(lambda t: say("cancelled", t.cancelled()))
            await asyncio.sleep(0)
            raise Oops("body")

    say(await outcome(group()))


async def errors_that_come_together_are_all_in_the_group():
    async def group():
        async with asyncio.TaskGroup() as g:
            g.create_task(oops_after(1, "first"))
            g.create_task(oops_after(1, "second"))

    say(await outcome(group()))


async def an_error_of_a_cleanup_is_in_the_group():
    async def bad_cleanup():
        try:
            await forever()
        finally:
            raise Oops("cleanup")

    async def group():
        async with asyncio.TaskGroup() as g:
            g.create_task(bad_cleanup())
            g.create_task(oops_after(1, "first"))

    say(await outcome(group()))


async def an_error_of_the_body_comes_after_those_of_the_tasks():
    async def group():
        async with asyncio.TaskGroup() as g:
            g.create_task(oops_after(0, "task"))
            try:
                await forever()
            finally:
                raise Oops("body")

    say(await outcome(group()))


async def a_task_that_is_cancelled_alone_is_no_error():
    async with asyncio.TaskGroup() as group:
        task = group.create_task(forever())
        other = group.create_task(value_after(3, "other"))
        await asyncio.sleep(0)
        task.cancel()
    say(task.cancelled(), other.result())


async def a_cancel_from_outside_cancels_the_tasks_and_stays_a_cancel():
    inner = []

    async def group():
        async with asyncio.TaskGroup() as g:
            inner.append(g.create_task(forever()))
            await forever()

    task = asyncio.create_task(group())
    await turns(2)
    task.cancel("outside")
    say(await outcome(task), inner[0].cancelled(), task.cancelling())


async def a_cancel_while_the_group_waits_for_its_tasks_cancels_them():
    inner = []

    async def group():
        async with asyncio.TaskGroup() as g:
            inner.append(g.create_task(forever()))

    task = asyncio.create_task(group())
    await turns(2)
    task.cancel()
    say(await outcome(task), inner[0].cancelled())


async def a_task_of_the_group_may_make_others():
    async def parent(g):
        await asyncio.sleep(0)
        g.create_task(child())

    async def child():
        await turns(2)
        say("grandchild")

    async with asyncio.TaskGroup() as group:
        group.create_task(parent(group))
    say("after")


async def a_group_that_has_ended_takes_no_tasks():
    async with asyncio.TaskGroup() as group:
        pass
    late = forever()
    say(outcome_of_call(group.create_task, late))
    late.close()


async def a_group_that_shuts_down_takes_no_tasks():
    async def group():
        async with asyncio.TaskGroup() as g:
            g.create_task(oops_after(0, "bad"))
            try:
                await forever()
            finally:
                late = value_after(0, 0)
                say(outcome_of_call(g.create_task, late))
                late.close()

    say(await outcome(group()))


async def a_body_that_swallows_the_cancel_of_the_group_still_gets_the_error():
    async def group():
        async with asyncio.TaskGroup() as g:
            g.create_task(oops_after(0, "bad"))
            try:
                await forever()
            except asyncio.CancelledError:
                say("swallowed")

    say(await outcome(group()), asyncio.current_task().cancelling())


async def the_error_of_an_inner_group_is_a_group_in_the_outer_one():
    async def inner():
        async with asyncio.TaskGroup() as g:
            g.create_task(oops_after(0, "deep"))

    async def outer():
        async with asyncio.TaskGroup() as g:
            g.create_task(inner())

    say(await outcome(outer()))


async def a_nested_group_in_the_body_is_cancelled_by_the_outer_one():
    async def outer():
        async with asyncio.TaskGroup() as g:
            g.create_task(oops_after(1, "outer"))
            async with asyncio.TaskGroup() as inner:
                task = inner.create_task(forever())
                task.add_done_callback(lambda t: say("inner task cancelled", t.cancelled()))

    say(await outcome(outer()))


async def except_star_takes_what_it_knows_and_leaves_the_rest():
    async def fails(error):
        await asyncio.sleep(0)
        raise error

    async def group():
        try:
            async with asyncio.TaskGroup() as g:
                g.create_task(fails(Oops("mine")))
                g.create_task(fails(ValueError()))
        except* Oops as e:
            say("handled", e)

    say(await outcome(group()))


async def except_star_that_takes_all_leaves_nothing():
    try:
        async with asyncio.TaskGroup() as g:
            g.create_task(oops_after(1, "one"))
            g.create_task(oops_after(1, "two"))
    except* Oops as e:
        say("handled", e)
    say("goes on")


async def a_task_awaited_in_the_body_gives_its_value():
    async with asyncio.TaskGroup() as group:
        task = group.create_task(value_after(2, 4))
        say(await task)


async def a_limit_around_a_group_cancels_its_tasks():
    inner = []

    async def limited():
        async with asyncio.timeout(0.001):
            async with asyncio.TaskGroup() as g:
                inner.append(g.create_task(forever()))

    say(await outcome(limited()), inner[0].cancelled())


async def tasks_of_a_group_begin_in_order_when_the_body_waits():
    async def child(n):
        say("child", n)

    async with asyncio.TaskGroup() as group:
        for n in range(3):
            group.create_task(child(n))
        say("body")


@since((3, 15), """
    true true
    after
    """)
async def a_group_that_is_cancelled_by_itself_ends_without_an_error():
    async with asyncio.TaskGroup() as group:
        a, b = group.create_task(forever()), group.create_task(forever())
        await asyncio.sleep(0)
        group.cancel()
    say(a.cancelled(), b.cancelled())
    say("after")
