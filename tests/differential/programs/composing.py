# SPDX-License-Identifier: MIT
"""gather, wait, wait_for, as_completed, shield."""
import asyncio

from programs import error, forever, oops_after, outcome, say, since, turns, value_after


def _task(coroutine, name=None):
    return asyncio.create_task(coroutine, name=name)


def _names(tasks):
    return sorted(t.get_name() for t in tasks)


# ---- gather


async def a_gather_gives_the_results_in_the_order_of_its_arguments():
    say(await asyncio.gather(_task(value_after(3, 1)), _task(value_after(1, 2)), _task(value_after(2, 3))))


async def a_gather_passes_the_first_error_on_at_once_and_the_others_go_on():
    other = _task(value_after(4, 7))
    say(await outcome(asyncio.gather(_task(oops_after(1, "first")), other)))
    say(other.done())
    say(await other)


async def a_gather_throws_the_error_that_came_first():
    late = _task(oops_after(3, "late"))
    say(await outcome(asyncio.gather(late, _task(oops_after(1, "early")))))
    say(await outcome(late))


async def a_settled_gather_gives_errors_as_values():
    say(await asyncio.gather(_task(value_after(2, 1)), _task(oops_after(1, "bad")), return_exceptions=True))


async def a_settled_gather_gives_a_cancel_of_a_child_as_a_value():
    child = _task(forever())
    _cancel_soon(child)
    say(await asyncio.gather(child, _task(value_after(3, 1)), return_exceptions=True))


def _cancel_soon(task):
    asyncio.get_running_loop().call_soon(task.cancel)


async def a_cancelled_child_is_an_error_of_its_gather():
    child, other = _task(forever()), _task(value_after(5, 1))
    _cancel_soon(child)
    say(await outcome(asyncio.gather(child, other)), asyncio.current_task().cancelling())
    say(other.done(), await other)


async def a_gather_of_one_twice_gives_its_value_twice():
    one = _task(value_after(1, 4))
    say(await asyncio.gather(one, one))


async def a_gather_of_nothing_gives_nothing():
    say(await asyncio.gather())


async def a_gather_of_what_is_done_and_what_is_not_waits_for_the_rest():
    done = _task(value_after(0, 1))
    await done
    say(await asyncio.gather(done, _task(value_after(2, 2))))


async def a_cancel_of_a_gather_cancels_all_its_children():
    first, second = _task(forever()), _task(forever())
    gathers = _task(outcome(asyncio.gather(first, second)))
    await turns(2)
    gathers.cancel()
    say(await gathers, first.cancelled(), second.cancelled())


async def a_cancel_of_a_settled_gather_is_thrown():
    first = _task(forever())
    gathers = _task(outcome(asyncio.gather(first, return_exceptions=True)))
    await turns(2)
    gathers.cancel()
    say(await gathers, first.cancelled())


async def a_cancelled_gather_whose_children_end_with_values_is_cancelled():
    async def stubborn():
        try:
            await forever()
        except asyncio.CancelledError:
            say("stays")
        return 1

    child = _task(stubborn())
    gathers = _task(outcome(asyncio.gather(child, return_exceptions=True)))
    await turns(2)
    gathers.cancel()
    say(await gathers, await child)


async def gathers_may_be_nested():
    async def pair(a, b):
        return await asyncio.gather(_task(value_after(a, a)), _task(value_after(b, b)))

    say(await asyncio.gather(_task(pair(1, 2)), _task(pair(3, 0))))


async def an_error_in_a_nested_gather_comes_out_of_the_outer_one():
    async def inner():
        await asyncio.gather(_task(oops_after(1, "deep")), _task(value_after(3, 0)))

    say(await outcome(asyncio.gather(_task(inner()), _task(value_after(9, 0)))))


# ---- wait


async def a_wait_waits_for_all():
    done, pending = await asyncio.wait([_task(value_after(1, 0), "a"), _task(value_after(3, 0), "b")])
    say(_names(done), _names(pending))


async def a_wait_for_the_first_gives_the_rest_as_pending_and_cancels_nothing():
    slow = _task(value_after(6, 9), "slow")
    done, pending = await asyncio.wait([slow, _task(value_after(1, 0), "fast")], return_when=asyncio.FIRST_COMPLETED)
    say(_names(done), _names(pending), slow.done())
    say(await slow)


async def a_wait_for_the_first_error_passes_over_values():
    tasks = [_task(value_after(0, 0), "value"), _task(oops_after(2, "bad"), "error"), _task(value_after(9, 0), "slow")]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    say(_names(done), _names(pending))
    say(await outcome(tasks[1]))
    await tasks[2]


async def a_wait_for_the_first_error_without_one_waits_for_all():
    tasks = [_task(value_after(0, 0), "a"), _task(value_after(2, 0), "b")]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    say(_names(done), _names(pending))


async def a_cancel_is_no_first_error():
    tasks = [_task(forever(), "cancelled"), _task(value_after(4, 0), "value")]
    _cancel_soon(tasks[0])
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    say(_names(done), _names(pending), tasks[0].cancelled())


async def a_wait_throws_no_error_of_its_tasks():
    tasks = [_task(oops_after(0, "bad"))]
    done, pending = await asyncio.wait(tasks)
    say(len(done), len(pending), await outcome(tasks[0]))


async def a_wait_whose_time_is_up_throws_nothing_and_cancels_nothing():
    task = _task(forever(), "waits")
    done, pending = await asyncio.wait([task], timeout=0.001)
    say(_names(done), _names(pending), task.done(), task.cancelling())
    task.cancel()
    say(await outcome(task))


async def a_wait_for_what_is_done_gives_it_at_once():
    task = _task(value_after(0, 1), "done")
    await task
    done, pending = await asyncio.wait([task], timeout=0)
    say(_names(done), _names(pending))


async def a_wait_for_nothing_is_a_value_error():
    say(await outcome(asyncio.wait([])))


async def a_cancelled_wait_leaves_its_tasks_alone():
    task = _task(value_after(5, 3))

    async def waits():
        await asyncio.wait([task])

    waiting = _task(waits())
    await turns(2)
    waiting.cancel()
    say(await outcome(waiting), task.done(), task.cancelling())
    say(await task)


# ---- wait_for


async def wait_for_gives_the_value():
    say(await asyncio.wait_for(value_after(2, "in time"), 60))


async def wait_for_without_a_limit_waits():
    say(await asyncio.wait_for(value_after(2, "in time"), None))


async def wait_for_passes_an_error_on():
    say(await outcome(asyncio.wait_for(oops_after(1, "bad"), 60)))


async def wait_for_cancels_what_is_too_late_and_waits_for_its_cleanup():
    async def slow():
        try:
            await forever()
        except asyncio.CancelledError:
            await turns(2)
            say("cleaned up")
            raise

    task = _task(slow())
    say(await outcome(asyncio.wait_for(task, 0.001)))
    say(task.cancelled(), asyncio.current_task().cancelling())


async def wait_for_of_no_time_does_not_begin():
    async def never():
        say("never")

    say(await outcome(asyncio.wait_for(never(), 0)))
    say(await outcome(asyncio.wait_for(never(), -1)))


async def wait_for_of_no_time_gives_what_is_done():
    task = _task(value_after(0, 6))
    await task
    say(await outcome(asyncio.wait_for(task, 0)))


async def wait_for_gives_the_value_of_what_swallows_the_limit():
    async def stubborn():
        try:
            await forever()
        except asyncio.CancelledError:
            return "stayed"

    say(await outcome(asyncio.wait_for(_task(stubborn()), 0.001)))


async def a_cancel_of_wait_for_cancels_what_it_waits_for():
    inner = _task(forever())

    async def waits():
        await asyncio.wait_for(inner, 60)

    waiting = _task(waits())
    await turns(2)
    waiting.cancel()
    say(await outcome(waiting), inner.cancelled())


async def wait_for_of_what_is_cancelled_by_itself_is_cancelled():
    inner = _task(forever())
    _cancel_soon(inner)
    say(await outcome(asyncio.wait_for(inner, 60)))


async def an_error_while_the_limit_is_told_is_passed_on():
    async def fails():
        try:
            await forever()
        finally:
            await oops_after(0, "in the cleanup")

    say(await outcome(asyncio.wait_for(_task(fails()), 0.001)))


# ---- as_completed


async def as_completed_gives_them_as_they_end():
    tasks = [_task(value_after(n, n)) for n in (5, 1, 3)]
    for next_one in asyncio.as_completed(tasks):
        say(await next_one)


async def as_completed_goes_on_after_an_error():
    tasks = [_task(value_after(3, 3)), _task(oops_after(1, "bad"))]
    for next_one in asyncio.as_completed(tasks):
        say(await outcome(next_one))


async def as_completed_of_nothing_ends_at_once():
    for _ in asyncio.as_completed([]):
        say("never")
    say("nothing")


async def as_completed_gives_each_once():
    one = _task(value_after(1, 1))
    n = 0
    for next_one in asyncio.as_completed([one, one]):
        await next_one
        n += 1
    say(n)


async def as_completed_whose_time_is_up_throws_and_cancels_nothing():
    fast, slow = _task(value_after(0, "fast")), _task(forever())
    for next_one in asyncio.as_completed([fast, slow], timeout=0.02):
        say(await outcome(next_one))
    say(slow.done(), slow.cancelling())
    slow.cancel()


@since((3, 13), """
    fast true
    slow true
    """)
async def as_completed_gives_the_tasks_themselves():
    tasks = [_task(value_after(3, 0), "slow"), _task(value_after(1, 0), "fast")]
    async for done in asyncio.as_completed(tasks):
        say(done.get_name(), done in tasks)


# ---- shield


async def a_shield_gives_the_value():
    say(await asyncio.shield(value_after(2, 8)))


async def a_cancel_of_a_shielded_wait_leaves_the_task_alone():
    inner = _task(value_after(5, 8))

    async def waits():
        await asyncio.shield(inner)

    waiting = _task(waits())
    await turns(2)
    waiting.cancel()
    say(await outcome(waiting), inner.done(), inner.cancelling())
    say(await inner)


async def a_cancel_of_what_is_shielded_is_told_to_who_waits():
    inner = _task(forever())
    _cancel_soon(inner)
    say(await outcome(asyncio.shield(inner)), asyncio.current_task().cancelling())


async def a_shield_passes_an_error_on():
    say(await outcome(asyncio.shield(oops_after(1, "bad"))))


async def a_shield_of_what_is_done_gives_it():
    done = _task(value_after(0, 2))
    await done
    say(await asyncio.shield(done))


async def a_coroutine_given_to_a_shield_outlives_who_waits():
    done = asyncio.Event()

    async def goes_on():
        await turns(4)
        say("ran to its end")
        done.set()

    async def waits():
        await asyncio.shield(goes_on())

    waiting = _task(waits())
    await turns(2)
    waiting.cancel()
    say(await outcome(waiting))
    await done.wait()
