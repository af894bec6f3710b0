# SPDX-License-Identifier: MIT
"""Tasks: start, cancel, result, name, callbacks."""
import asyncio

from programs import Oops, error, forever, oops_after, outcome, outcome_of_call, say, since, turns, value_after


async def a_task_begins_at_the_next_suspension_of_its_maker():
    async def child():
        say("child")

    task = asyncio.create_task(child())
    say("maker")
    await asyncio.sleep(0)
    say("maker again", task.done())
    await task


async def tasks_begin_in_the_order_in_which_they_were_made():
    async def child(n):
        say("begins", n)
        await asyncio.sleep(0)
        say("ends", n)

    tasks = [asyncio.create_task(child(n)) for n in range(3)]
    for task in tasks:
        await task


async def a_cancel_before_the_start_runs_nothing_of_the_body():
    async def child():
        say("never")

    task = asyncio.create_task(child())
    say(task.cancel(), task.done())
    say(await outcome(task), task.cancelled())


async def a_task_that_has_ended_cannot_be_cancelled():
    task = asyncio.create_task(value_after(0, 1))
    await task
    say(task.cancel(), task.cancelled(), task.cancelling(), task.result())


async def the_message_of_a_cancel_is_that_of_the_error():
    async def child():
        try:
            await forever()
        except asyncio.CancelledError as e:
            say("inside", e)
            raise

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    task.cancel("why")
    say("outside", await outcome(task))


async def of_two_cancels_of_a_waiting_task_the_first_gives_the_message():
    task = asyncio.create_task(forever())
    await asyncio.sleep(0)
    say(task.cancel("first"), task.cancel("second"), task.cancelling())
    say(await outcome(task))


async def two_cancels_that_come_together_are_told_once():
    async def child():
        try:
            await forever()
        except asyncio.CancelledError:
            say("told")
        await asyncio.sleep(0)
        say("goes on", asyncio.current_task().cancelling())
        return 1

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    task.cancel()
    task.cancel()
    say(await outcome(task))


async def cancelling_counts_and_uncancel_takes_one_back():
    async def child():
        me = asyncio.current_task()
        say(me.cancelling())
        try:
            await forever()
        except asyncio.CancelledError:
            say(me.cancelling(), me.uncancel(), me.uncancel(), me.uncancel())
        return me.cancelling()

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    task.cancel()
    task.cancel()
    say(await outcome(task))


async def a_task_that_catches_a_cancel_goes_on():
    async def child():
        try:
            await forever()
        except asyncio.CancelledError:
            say("caught")
        await turns(2)
        return "a value"

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    say(task.cancel())
    say(await outcome(task), task.cancelled(), task.cancelling())


async def a_second_cancel_is_told_again():
    async def child():
        for n in range(2):
            try:
                await forever()
            except asyncio.CancelledError as e:
                say(n, e)

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    task.cancel("one")
    await turns(2)
    task.cancel("two")
    say(await outcome(task), task.cancelling())


async def a_cancel_in_the_cleanup_ends_the_cleanup():
    async def child():
        try:
            await forever()
        finally:
            say("cleans up")
            await forever()
            say("never")

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    task.cancel("first")
    await turns(2)
    say(task.done())
    task.cancel("second")
    say(await outcome(task))


async def a_cleanup_that_awaits_runs_to_its_end():
    async def child():
        try:
            await forever()
        except asyncio.CancelledError:
            await turns(2)
            say("cleaned up")
            raise

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    task.cancel()
    say(await outcome(task), task.cancelled())


async def an_error_in_the_cleanup_takes_the_place_of_the_cancel():
    async def child():
        try:
            await forever()
        finally:
            raise Oops("cleanup")

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    task.cancel()
    say(await outcome(task), task.cancelled())


async def a_task_that_raises_cancelled_by_itself_is_cancelled():
    async def child():
        raise asyncio.CancelledError("by itself")

    task = asyncio.create_task(child())
    say(await outcome(task), task.cancelled(), task.cancelling())


async def who_awaits_a_cancelled_task_is_not_cancelled_itself():
    task = asyncio.create_task(forever())
    await asyncio.sleep(0)
    task.cancel()
    say(await outcome(task), asyncio.current_task().cancelling())
    say(await outcome(value_after(1, "goes on")))


async def a_cancel_of_who_awaits_a_task_cancels_the_task():
    inner = asyncio.create_task(forever())

    async def awaits():
        await inner

    outer = asyncio.create_task(awaits())
    await asyncio.sleep(0)
    outer.cancel("from outside")
    say(await outcome(outer), inner.cancelled(), inner.cancelling(), outer.cancelling())


async def who_awaits_a_task_that_swallows_its_cancel_gets_its_value():
    async def stubborn():
        try:
            await forever()
        except asyncio.CancelledError:
            return "stayed"

    inner = asyncio.create_task(stubborn())

    async def awaits():
        value = await inner
        say("got", value)
        return value

    outer = asyncio.create_task(awaits())
    await turns(2)
    outer.cancel()
    say(await outcome(outer), outer.cancelling())


async def a_task_that_cancels_itself_is_told_at_its_next_suspension():
    async def child():
        asyncio.current_task().cancel("myself")
        say("still here")
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError as e:
            say(e)
            raise

    task = asyncio.create_task(child())
    say(await outcome(task))


async def a_task_that_cancels_itself_and_returns_is_cancelled():
    async def child():
        asyncio.current_task().cancel()
        return 1

    task = asyncio.create_task(child())
    say(await outcome(task), task.cancelled())


async def the_result_of_a_task_that_goes_on_is_an_invalid_state():
    task = asyncio.create_task(value_after(1, 5))
    say(outcome_of_call(task.result), outcome_of_call(task.exception), task.done())
    await task
    say(outcome_of_call(task.result), outcome_of_call(task.exception), task.done())


async def the_result_of_a_cancelled_task_throws_cancelled():
    task = asyncio.create_task(forever())
    await asyncio.sleep(0)
    task.cancel()
    await turns(2)
    say(outcome_of_call(task.result), outcome_of_call(task.exception), task.cancelled())


async def the_exception_of_a_failed_task_is_given_and_not_thrown():
    task = asyncio.create_task(oops_after(0, "bad"))
    await asyncio.sleep(0)
    say(task.done(), task.cancelled(), task.exception())
    say(outcome_of_call(task.result))


async def an_error_is_thrown_in_each_that_awaits():
    task = asyncio.create_task(oops_after(1, "bad"))
    other = asyncio.create_task(outcome(task))
    say(await outcome(task))
    say(await other)
    say(await outcome(task))


async def a_task_may_be_awaited_many_times():
    task = asyncio.create_task(value_after(2, 7))
    others = [asyncio.create_task(outcome(task)) for _ in range(3)]
    say(await task, await task)
    say([await other for other in others])


async def a_task_that_awaits_itself_fails():
    async def child():
        return await asyncio.current_task()

    say(await outcome(asyncio.create_task(child())))


async def a_name_can_be_given_and_changed():
    async def child():
        say("inside", asyncio.current_task().get_name())

    task = asyncio.create_task(child(), name="first")
    say(task.get_name())
    task.set_name("second")
    await task
    say(task.get_name())


async def the_current_task_is_the_one_that_runs():
    async def child():
        await asyncio.sleep(0)
        return asyncio.current_task()

    task = asyncio.create_task(child())
    say(asyncio.current_task() is task, (await task) is task)


async def all_tasks_are_those_that_have_not_ended():
    asyncio.current_task().set_name("main")
    ended = asyncio.create_task(value_after(0, 1), name="ended")
    waits = asyncio.create_task(forever(), name="waits")
    fresh = asyncio.create_task(forever(), name="fresh")
    await ended
    say(sorted(t.get_name() for t in asyncio.all_tasks()))
    waits.cancel()
    fresh.cancel()
    await turns(2)
    say(sorted(t.get_name() for t in asyncio.all_tasks()))


async def callbacks_come_in_order_and_never_inline():
    task = asyncio.create_task(value_after(0, 3))
    task.add_done_callback(lambda t: say("first", t.result()))
    task.add_done_callback(lambda t: say("second"))
    await asyncio.sleep(0)
    say("done", task.done())
    await asyncio.sleep(0)
    task.add_done_callback(lambda t: say("late"))
    say("added")
    await asyncio.sleep(0)


async def a_removed_callback_is_not_called():
    task = asyncio.create_task(value_after(0, 3))

    def never(_):
        say("never")

    task.add_done_callback(never)
    task.add_done_callback(lambda t: say("called"))
    say(bool(task.remove_done_callback(never)), bool(task.remove_done_callback(never)))
    await task
    await asyncio.sleep(0)


async def a_callback_sees_how_the_task_has_ended():
    def show(t):
        say(t.get_name(), t.cancelled(), "-" if t.cancelled() else t.exception())

    tasks = [asyncio.create_task(value_after(1, 0), name="value"), asyncio.create_task(oops_after(1, "bad"), name="error"),
             asyncio.create_task(forever(), name="cancel")]
    for task in tasks:
        task.add_done_callback(show)
    await asyncio.sleep(0)
    tasks[2].cancel()
    await turns(4)


async def a_callback_that_throws_stops_no_other():
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: say("handler", context["exception"]))
    task = asyncio.create_task(value_after(0, 3))

    def bad(_):
        raise Oops("in a callback")

    task.add_done_callback(bad)
    task.add_done_callback(lambda t: say("the next one"))
    say(await task)
    await turns(2)


@since((3, 12), """
    eager
    made
    goes on
    none
    """)
async def an_eager_task_runs_up_to_its_first_wait_in_the_call():
    async def child():
        say("eager")
        await asyncio.sleep(0)
        say("goes on")

    task = asyncio.Task(child(), loop=asyncio.get_running_loop(), eager_start=True)
    say("made")
    say(await outcome(task))


@since((3, 12), """
    true 5
    true oops(bad)
    """)
async def an_eager_task_that_never_waits_has_ended_after_the_call():
    async def fails():
        raise Oops("bad")

    async def gives():
        return 5

    task = asyncio.Task(gives(), loop=asyncio.get_running_loop(), eager_start=True)
    say(task.done(), task.result())
    task = asyncio.Task(fails(), loop=asyncio.get_running_loop(), eager_start=True)
    say(task.done(), task.exception())


@since((3, 12), """
    inner inner
    outer main
    """)
async def an_eager_task_is_the_current_one_while_it_runs():
    asyncio.current_task().set_name("main")

    async def child():
        say("inner", asyncio.current_task().get_name())

    asyncio.Task(child(), loop=asyncio.get_running_loop(), eager_start=True, name="inner")
    say("outer", asyncio.current_task().get_name())


@since((3, 12), """
    a
    b
    main
    """)
async def an_eager_factory_makes_every_task_eager():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)

    async def child(name):
        say(name)

    a = asyncio.create_task(child("a"))
    b = asyncio.create_task(child("b"))
    say("main")
    await a
    await b


async def a_coroutine_that_is_awaited_is_part_of_its_task():
    async def child():
        return asyncio.current_task().get_name()

    asyncio.current_task().set_name("main")
    say(await child())


async def a_sleep_of_nothing_lets_each_other_task_have_a_turn():
    async def child(name):
        for n in range(2):
            say(name, n)
            await asyncio.sleep(0)

    a = asyncio.create_task(child("a"))
    b = asyncio.create_task(child("b"))
    for n in range(3):
        say("main", n)
        await asyncio.sleep(0)
    await a
    await b


async def a_sleep_gives_its_result():
    say(await asyncio.sleep(0, "at once"), await asyncio.sleep(0.001, "later"), await asyncio.sleep(-1, "before"))


@since((3, 13), "value error")
async def a_sleep_of_no_number_is_a_value_error():
    say(await outcome(asyncio.sleep(float("nan"))))


async def a_dropped_handle_does_not_stop_the_task():
    done = asyncio.Event()

    async def child():
        await asyncio.sleep(0)
        say("ran")
        done.set()

    asyncio.create_task(child())
    await done.wait()
