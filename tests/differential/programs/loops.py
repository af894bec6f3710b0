# SPDX-License-Identifier: MIT
"""The event loop, run, Runner, calls from threads, signals."""
import asyncio
import gc
import os
import signal
import threading

from programs import Oops, forever, oops_after, outcome, outcome_of_call, say, turns, value_after


def _with_loop(f):
    loop = asyncio.new_event_loop()
    try:
        f(loop)
    finally:
        loop.close()


# ---- calls


async def calls_are_made_in_the_order_in_which_they_were_given():
    loop = asyncio.get_running_loop()
    for n in range(3):
        loop.call_soon(say, "call", n)
    say("given")
    await asyncio.sleep(0)


async def a_call_that_a_call_gives_is_made_a_turn_later():
    loop = asyncio.get_running_loop()

    def first():
        say("first")
        loop.call_soon(say, "third")

    loop.call_soon(first)
    loop.call_soon(say, "second")
    await asyncio.sleep(0)
    say("main")
    await asyncio.sleep(0)


async def a_cancelled_call_is_not_made():
    loop = asyncio.get_running_loop()
    call = loop.call_soon(say, "never")
    say(call.cancelled())
    call.cancel()
    say(call.cancelled())
    await turns(2)


async def a_cancel_of_a_call_that_was_made_does_nothing():
    call = asyncio.get_running_loop().call_soon(say, "made")
    await asyncio.sleep(0)
    call.cancel()
    say("after")


async def later_calls_come_by_their_deadlines():
    loop = asyncio.get_running_loop()
    base = loop.time()
    for ms in (8, 2, 5):
        loop.call_at(base + ms / 1000, say, ms)
    await asyncio.sleep(0.02)


async def a_call_later_of_nothing_comes_with_the_next_turns():
    loop = asyncio.get_running_loop()
    loop.call_later(0, say, "later")
    loop.call_soon(say, "soon")
    await turns(3)
    say("main")


async def a_later_call_says_when_and_may_be_cancelled():
    loop = asyncio.get_running_loop()
    at = loop.time() + 60
    call = loop.call_at(at, say, "never")
    say(call.when() == at, call.cancelled())
    call.cancel()
    say(call.cancelled())


async def a_call_in_the_past_is_made_soon():
    loop = asyncio.get_running_loop()
    loop.call_at(loop.time() - 5, say, "called")
    await turns(3)
    say("main")


async def calls_and_tasks_take_turns():
    loop = asyncio.get_running_loop()

    async def child():
        say("child")
        await asyncio.sleep(0)
        say("child again")

    loop.call_soon(say, "a")
    task = asyncio.create_task(child())
    loop.call_soon(say, "b")
    await task


async def time_does_not_go_back():
    loop = asyncio.get_running_loop()
    first = loop.time()
    await asyncio.sleep(0.001)
    say(loop.time() > first)


# ---- runs


def a_loop_gives_the_value_of_what_it_runs():
    _with_loop(lambda loop: say(loop.run_until_complete(value_after(2, 7))))


def a_loop_throws_what_it_runs_throws():
    _with_loop(lambda loop: say(outcome_of_call(loop.run_until_complete, oops_after(2, "bad"))))


def a_loop_may_run_again_and_tasks_go_on():
    def runs(loop):
        async def counts():
            for n in range(4):
                say("counts", n)
                await asyncio.sleep(0)

        task = loop.create_task(counts())
        loop.run_until_complete(turns(1))
        say("between", task.done())
        loop.run_until_complete(task)

    _with_loop(runs)


def a_stop_ends_the_run_after_the_turn():
    def runs(loop):
        def first():
            say("first")
            loop.stop()
            loop.call_soon(say, "next run")

        loop.call_soon(first)
        loop.call_soon(say, "second")
        loop.run_forever()
        say("stopped")
        loop.call_soon(loop.stop)
        loop.run_forever()

    _with_loop(runs)


def a_stop_before_the_run_lets_it_make_one_turn():
    def runs(loop):
        loop.call_soon(say, "called")
        loop.stop()
        loop.run_forever()
        say("stopped")

    _with_loop(runs)


def a_stop_before_the_end_is_a_runtime_error_and_the_task_is_still_there():
    def runs(loop):
        async def stops():
            loop.stop()
            await turns(3)
            return "the end"

        task = loop.create_task(stops())
        say(outcome_of_call(loop.run_until_complete, task), task.done())
        say(loop.run_until_complete(task))

    _with_loop(runs)


def a_closed_loop_takes_nothing():
    loop = asyncio.new_event_loop()
    say(loop.is_closed())
    loop.close()
    loop.close()
    say(loop.is_closed(), outcome_of_call(loop.call_soon, say), outcome_of_call(loop.run_forever))


def a_running_loop_says_so():
    def runs(loop):
        say(loop.is_running())
        loop.call_soon(lambda: say(loop.is_running()))
        loop.call_soon(loop.stop)
        loop.run_forever()
        say(loop.is_running())

    _with_loop(runs)


async def a_running_loop_cannot_be_run_or_closed():
    loop = asyncio.get_running_loop()
    inner = forever()
    say(outcome_of_call(loop.run_forever), outcome_of_call(loop.close), outcome_of_call(asyncio.run, inner))
    inner.close()


def outside_a_loop_there_is_none():
    say(outcome_of_call(asyncio.get_running_loop))


def a_close_drops_what_was_to_be_called():
    def runs(loop):
        loop.call_soon(say, "never")

    _with_loop(runs)
    say("closed")


def a_keyboard_interrupt_in_a_call_ends_the_run():
    def runs(loop):
        def interrupts():
            raise KeyboardInterrupt

        loop.call_soon(interrupts)
        say(outcome_of_call(loop.run_forever))

    _with_loop(runs)


def run_gives_the_value_and_throws_the_error():
    say(asyncio.run(value_after(1, 3)), outcome_of_call(asyncio.run, oops_after(1, "bad")))


def the_end_of_a_run_cancels_what_is_left_and_waits_for_it():
    async def left():
        try:
            await forever()
        finally:
            await turns(2)
            say("cleaned up")

    async def main():
        asyncio.create_task(left())
        await asyncio.sleep(0)
        say("main ends")

    asyncio.run(main())
    say("after the run")


def an_error_in_a_cleanup_at_the_end_is_told_to_the_handler():
    async def left():
        try:
            await forever()
        finally:
            raise Oops("cleanup")

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: say("handler", context["exception"]))
        asyncio.create_task(left())
        await asyncio.sleep(0)

    asyncio.run(main())
    say("after the run")


def a_runner_runs_several_times_on_one_loop():
    async def loop():
        return asyncio.get_running_loop()

    with asyncio.Runner() as runner:
        say(runner.run(loop()) is runner.run(loop()), runner.run(value_after(1, 5)))


def a_runner_that_is_closed_does_not_run():
    runner = asyncio.Runner()
    runner.run(turns(1))
    runner.close()
    runner.close()
    late = turns(1)
    say(outcome_of_call(runner.run, late))
    late.close()


def tasks_of_a_runner_go_on_in_the_next_run():
    async def counts():
        for n in range(3):
            say("counts", n)
            await asyncio.sleep(0)

    async def starts():
        return asyncio.create_task(counts())

    async def waits(task):
        await task

    with asyncio.Runner() as runner:
        task = runner.run(starts())
        say("between")
        runner.run(waits(task))


# ---- the exception handler


async def a_call_that_throws_is_told_to_the_handler_and_stops_no_other():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: say("handler", context["exception"]))

    def bad():
        raise Oops("in a call")

    loop.call_soon(bad)
    loop.call_soon(say, "the next one")
    await turns(2)


async def an_error_of_a_task_that_nobody_asks_for_is_told_to_the_handler():
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: say("handler", context["exception"], "never retrieved" in context["message"]))
    task = asyncio.create_task(oops_after(1, "forgotten"))
    await turns(3)
    say(task.done())
    del task
    gc.collect()
    await turns(2)


async def an_error_of_a_task_that_was_asked_for_is_not_told():
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: say("never"))
    task = asyncio.create_task(oops_after(1, "seen"))
    await turns(3)
    say(task.exception())
    del task
    gc.collect()
    await turns(2)


async def a_handler_may_be_called_by_hand():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: say(context["message"], context["exception"]))
    loop.call_exception_handler({"message": "by hand", "exception": Oops("given")})
    say(loop.get_exception_handler() is not None)
    loop.set_exception_handler(None)
    say(loop.get_exception_handler() is not None)


# ---- threads


async def a_call_from_a_thread_wakes_the_loop():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(future.set_result, "from the thread"))
    thread.start()
    say(await future)
    thread.join()


async def to_thread_gives_the_value_and_the_error():
    here = threading.get_ident()

    def fails():
        raise Oops("in the thread")

    say(await asyncio.to_thread(lambda: threading.get_ident() != here), await outcome(asyncio.to_thread(fails)))


async def an_executor_gives_the_value_and_the_error():
    loop = asyncio.get_running_loop()

    def fails():
        raise Oops("in the thread")

    say(await loop.run_in_executor(None, lambda n: n + 1, 4), await outcome(loop.run_in_executor(None, fails)))


async def a_cancel_ends_the_wait_for_a_thread():
    go_on = threading.Event()
    task = asyncio.create_task(asyncio.to_thread(go_on.wait))
    await turns(2)
    task.cancel()
    say(await outcome(task))
    go_on.set()


def a_coroutine_given_to_a_loop_of_another_thread_gives_its_result():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    say(asyncio.run_coroutine_threadsafe(value_after(2, 9), loop).result(60))
    say(outcome_of_call(asyncio.run_coroutine_threadsafe(oops_after(1, "bad"), loop).result, 60))
    waits = asyncio.run_coroutine_threadsafe(forever(), loop)
    say(outcome_of_call(waits.result, 0.001), waits.done())
    say(waits.cancel())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


# ---- signals


async def a_signal_has_its_handler_called():
    loop = asyncio.get_running_loop()
    came = asyncio.Event()

    def handler(what):
        say("signal", what)
        came.set()

    loop.add_signal_handler(signal.SIGUSR1, handler, "usr1")
    os.kill(os.getpid(), signal.SIGUSR1)
    await came.wait()
    say(loop.remove_signal_handler(signal.SIGUSR1), loop.remove_signal_handler(signal.SIGUSR1))
