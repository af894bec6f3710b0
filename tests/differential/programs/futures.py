# SPDX-License-Identifier: MIT
"""Future."""
import asyncio

from programs import Oops, outcome, outcome_of_call, say, turns


def _future():
    return asyncio.get_running_loop().create_future()


async def _wait(future):
    return await future


async def a_future_gives_the_value_that_was_set():
    future = _future()
    task = asyncio.create_task(_wait(future))
    await asyncio.sleep(0)
    future.set_result(5)
    say(task.done(), future.done(), future.result())
    say(await task, await future)


async def a_future_that_is_set_does_not_wait():
    future = _future()
    future.set_result(1)
    asyncio.get_running_loop().call_soon(say, "the next turn")
    say(await future)
    await asyncio.sleep(0)


async def a_future_is_set_once():
    future = _future()
    future.set_result(1)
    say(outcome_of_call(future.set_result, 2), outcome_of_call(future.set_exception, Oops("late")), future.result())


async def the_result_before_it_is_there_is_an_invalid_state():
    future = _future()
    say(outcome_of_call(future.result), outcome_of_call(future.exception), future.done())
    future.cancel()


async def an_error_is_thrown_by_each_await():
    future = _future()
    future.set_exception(Oops("bad"))
    say(await outcome(future), await outcome(future), outcome_of_call(future.result), future.exception())


async def a_value_is_no_exception():
    future = _future()
    future.set_result(1)
    say(future.exception())


async def a_cancelled_future_throws_cancelled():
    future = _future()
    say(future.cancel(), future.cancel(), future.cancelled(), future.done())
    say(outcome_of_call(future.result), outcome_of_call(future.exception), await outcome(future))


async def a_cancelled_future_cannot_be_set():
    future = _future()
    future.cancel()
    say(outcome_of_call(future.set_result, 1), outcome_of_call(future.set_exception, Oops("late")))


async def a_future_that_is_done_cannot_be_cancelled():
    future = _future()
    future.set_result(1)
    say(future.cancel(), future.cancelled(), future.result())


async def the_message_of_a_cancel_is_that_of_its_error():
    future = _future()
    future.cancel("why")
    say(await outcome(future))


async def callbacks_come_in_order_and_not_in_the_call_that_sets():
    future = _future()
    future.add_done_callback(lambda f: say("first", f.result()))
    future.add_done_callback(lambda f: say("second"))
    future.set_result(1)
    say("set")
    await asyncio.sleep(0)
    say("after")


async def a_callback_of_a_future_that_is_done_comes_soon():
    future = _future()
    future.set_result(1)
    future.add_done_callback(lambda f: say("called"))
    say("added")
    await asyncio.sleep(0)


async def a_removed_callback_of_a_future_is_not_called():
    future = _future()

    def never(_):
        say("never")

    future.add_done_callback(never)
    say(bool(future.remove_done_callback(never)), bool(future.remove_done_callback(never)))
    future.set_result(1)
    await turns(2)


async def a_callback_added_by_a_callback_comes_a_turn_later():
    future = _future()

    def first(f):
        say("first")
        f.add_done_callback(lambda f: say("third"))

    future.add_done_callback(first)
    future.add_done_callback(lambda f: say("second"))
    future.set_result(1)
    await turns(3)


async def a_cancel_of_who_waits_cancels_the_future():
    future = _future()
    task = asyncio.create_task(_wait(future))
    await asyncio.sleep(0)
    task.cancel("why")
    say(future.cancelled(), await outcome(task), await outcome(future))


async def a_cancel_of_one_that_waits_is_told_to_all():
    future = _future()
    tasks = [asyncio.create_task(_wait(future)) for _ in range(2)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    say(await outcome(tasks[0]), await outcome(tasks[1]), tasks[1].cancelling())


async def those_that_wait_go_on_in_the_order_in_which_they_came():
    future = _future()

    async def waits(n):
        await future
        say(n)

    tasks = [asyncio.create_task(waits(n)) for n in range(3)]
    await asyncio.sleep(0)
    future.set_result(None)
    await asyncio.gather(*tasks)


async def a_callback_that_fails_is_told_to_the_handler():
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: say("handler", context["exception"]))
    future = _future()

    def bad(_):
        raise Oops("in a callback")

    future.add_done_callback(bad)
    future.add_done_callback(lambda f: say("the next one"))
    future.set_result(1)
    await turns(2)


async def an_error_that_nobody_asks_for_is_told_to_the_handler():
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: say("handler", context["exception"], "never retrieved" in context["message"]))
    future = _future()
    future.set_exception(Oops("forgotten"))
    del future
    await turns(2)


async def an_error_that_was_asked_for_is_not_told():
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: say("never"))
    future = _future()
    future.set_exception(Oops("seen"))
    say(future.exception())
    del future
    await turns(2)
