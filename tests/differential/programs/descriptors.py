# SPDX-License-Identifier: MIT
"""add_reader, add_writer."""
import asyncio
import socket

from programs import Oops, outcome_of_call, say, turns


def _pair():
    pair = socket.socketpair()
    for end in pair:
        end.setblocking(False)
    return pair


async def a_reader_is_called_when_there_is_something_to_read():
    loop = asyncio.get_running_loop()
    ours, theirs = _pair()
    came = loop.create_future()
    loop.add_reader(ours, lambda what: came.set_result((what, ours.recv(10))), "reads")
    await turns(2)
    say(came.done())
    theirs.send(b"hello")
    say(await came)
    loop.remove_reader(ours)
    ours.close()
    theirs.close()


async def a_reader_is_called_again_as_long_as_something_is_left():
    loop = asyncio.get_running_loop()
    ours, theirs = _pair()
    done = asyncio.Event()
    got = []

    def read():
        got.append(ours.recv(1))
        if len(got) == 3:
            loop.remove_reader(ours)
            done.set()

    theirs.send(b"abc")
    loop.add_reader(ours, read)
    await done.wait()
    say(got)
    ours.close()
    theirs.close()


async def a_second_reader_takes_the_place_of_the_first():
    loop = asyncio.get_running_loop()
    ours, theirs = _pair()
    done = asyncio.Event()
    loop.add_reader(ours, say, "never")

    def second():
        say("second", ours.recv(10))
        done.set()

    loop.add_reader(ours, second)
    theirs.send(b"x")
    await done.wait()
    say(loop.remove_reader(ours), loop.remove_reader(ours))
    ours.close()
    theirs.close()


async def a_reader_that_was_removed_is_not_called():
    loop = asyncio.get_running_loop()
    ours, theirs = _pair()
    theirs.send(b"x")
    loop.add_reader(ours, say, "never")
    say(loop.remove_reader(ours))
    await asyncio.sleep(0.01)
    ours.close()
    theirs.close()


async def a_reader_is_told_of_the_end():
    loop = asyncio.get_running_loop()
    ours, theirs = _pair()
    done = asyncio.Event()

    def read():
        say("read", len(ours.recv(10)))
        loop.remove_reader(ours)
        done.set()

    loop.add_reader(ours, read)
    theirs.close()
    await done.wait()
    ours.close()


async def a_writer_is_called_when_there_is_room():
    loop = asyncio.get_running_loop()
    ours, theirs = _pair()
    n = 0
    done = asyncio.Event()

    def write():
        nonlocal n
        n += 1
        if n == 3:
            done.set()

    loop.add_writer(ours, write)
    await done.wait()
    say(loop.remove_writer(ours), loop.remove_writer(ours), n >= 3)
    ours.close()
    theirs.close()


async def a_reader_and_a_writer_of_one_descriptor_do_not_disturb_each_other():
    loop = asyncio.get_running_loop()
    ours, theirs = _pair()
    done = asyncio.Event()

    def write():
        ours.send(b"ping")
        say("written", loop.remove_writer(ours))

    def read():
        say("read", ours.recv(10), loop.remove_reader(ours))
        done.set()

    loop.add_reader(ours, read)
    loop.add_writer(ours, write)
    loop.add_reader(theirs, lambda: (theirs.send(theirs.recv(10)), loop.remove_reader(theirs)))
    await done.wait()
    ours.close()
    theirs.close()


async def a_reader_that_throws_is_told_to_the_handler():
    loop = asyncio.get_running_loop()
    ours, theirs = _pair()
    done = asyncio.Event()

    def bad():
        loop.remove_reader(ours)
        loop.call_soon(done.set)
        raise Oops("in a reader")

    loop.set_exception_handler(lambda loop, context: say("handler", context["exception"]))
    theirs.send(b"x")
    loop.add_reader(ours, bad)
    await done.wait()
    ours.close()
    theirs.close()


def a_closed_loop_takes_no_reader():
    ours, theirs = _pair()
    loop = asyncio.new_event_loop()
    loop.close()
    say(outcome_of_call(loop.add_reader, ours, say), outcome_of_call(loop.add_writer, ours, say))
    ours.close()
    theirs.close()
