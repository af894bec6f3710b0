# SPDX-License-Identifier: MIT
"""contextvars."""
import asyncio
import contextvars

from programs import outcome_of_call, say, turns

_user = contextvars.ContextVar("user", default="nobody")


async def a_variable_has_its_default_until_it_is_set():
    say(_user.get())
    _user.set("ada")
    say(_user.get())


async def what_a_task_sets_its_maker_does_not_see():
    async def child():
        _user.set("child")
        say(_user.get())

    await asyncio.create_task(child())
    say(_user.get())


async def a_task_sees_what_was_set_before_it_was_made():
    async def child():
        await asyncio.sleep(0)
        say(_user.get())

    _user.set("before")
    task = asyncio.create_task(child())
    _user.set("after")
    await task
    say(_user.get())


async def a_coroutine_that_is_awaited_shares_the_context():
    async def child():
        _user.set("child")

    await child()
    say(_user.get())


async def a_reset_brings_the_earlier_value_back():
    first = _user.set("first")
    second = _user.set("second")
    _user.reset(second)
    say(_user.get())
    _user.reset(first)
    say(_user.get())


async def a_token_resets_once():
    token = _user.set("first")
    _user.reset(token)
    say(outcome_of_call(_user.reset, token))


async def a_token_of_another_context_is_a_value_error():
    async def child():
        return _user.set("child")

    token = await asyncio.create_task(child())
    say(outcome_of_call(_user.reset, token))


async def a_call_runs_in_the_context_where_it_was_given():
    loop = asyncio.get_running_loop()
    _user.set("given")
    loop.call_soon(lambda: say("call", _user.get()))
    loop.call_later(0.001, lambda: (say("later", _user.get()), _user.set("by the call")))
    _user.set("afterwards")
    await asyncio.sleep(0.01)
    say(_user.get())


async def a_done_callback_runs_in_the_context_where_it_was_added():
    async def child():
        _user.set("child")

    task = asyncio.create_task(child())
    _user.set("adds")
    task.add_done_callback(lambda _: say(_user.get()))
    _user.set("afterwards")
    await task
    await asyncio.sleep(0)


async def to_thread_takes_the_context_along():
    _user.set("caller")

    def in_thread():
        before = _user.get()
        _user.set("thread")
        return before

    say(await asyncio.to_thread(in_thread), _user.get())


async def what_a_context_runs_sets_in_it():
    context = contextvars.copy_context()
    context.run(_user.set, "inside")
    say(_user.get(), context[_user], context.run(_user.get))


async def a_copy_of_the_context_does_not_follow():
    _user.set("first")
    context = contextvars.copy_context()
    _user.set("second")
    say(context[_user], _user.get())


async def a_context_that_is_entered_cannot_be_entered_again():
    context = contextvars.copy_context()
    say(context.run(lambda: outcome_of_call(context.run, lambda: None)))


async def tasks_that_are_gathered_have_contexts_of_their_own():
    async def child(name):
        _user.set(name)
        await turns(2)
        return _user.get()

    say(await asyncio.gather(*[asyncio.create_task(child(n)) for n in ("a", "b")]), _user.get())


async def a_task_made_in_a_context_starts_from_it():
    async def child():
        return _user.get()

    context = contextvars.copy_context()
    context.run(_user.set, "inside")
    task = context.run(lambda: asyncio.create_task(child()))
    say(await task, _user.get())


def the_runs_of_a_runner_share_a_context():
    async def sets():
        _user.set("first run")

    async def gets():
        say(_user.get())

    with asyncio.Runner() as runner:
        runner.run(sets())
        runner.run(gets())
    say(_user.get())
