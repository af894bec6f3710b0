# SPDX-License-Identifier: MIT
"""Streams, by hand and over loopback."""
import asyncio

from programs import Oops, outcome, outcome_of_call, say, turns


def _fed(data, end=True, limit=65536):
    reader = asyncio.StreamReader(limit)
    reader.feed_data(data)
    if end:
        reader.feed_eof()
    return reader


async def a_read_gives_what_is_there_and_then_the_end():
    reader = _fed(b"hello")
    say(await reader.read(2), await reader.read(100), len(await reader.read(100)), reader.at_eof())


async def a_read_of_all_waits_for_the_end():
    reader = _fed(b"a", end=False)
    task = asyncio.create_task(reader.read())
    await turns(2)
    reader.feed_data(b"b")
    await turns(2)
    say(task.done())
    reader.feed_eof()
    say(await task)


async def a_read_of_nothing_gives_nothing():
    reader = _fed(b"x", end=False)
    say(len(await reader.read(0)), reader.at_eof())


async def at_eof_is_said_when_everything_was_read():
    reader = _fed(b"x")
    say(reader.at_eof())
    await reader.read(1)
    say(reader.at_eof())


async def an_exact_read_waits_for_all_its_bytes():
    reader = _fed(b"ab", end=False)
    task = asyncio.create_task(reader.readexactly(4))
    await turns(2)
    say(task.done())
    reader.feed_data(b"cde")
    say(await task, await reader.read(10))


async def an_exact_read_that_the_end_cuts_short_says_what_came():
    say(await outcome(_fed(b"abc").readexactly(5)))


async def an_exact_read_of_fewer_than_none_is_a_value_error():
    reader = _fed(b"abc")
    say(await outcome(reader.readexactly(-1)), len(await reader.readexactly(0)))


async def lines_come_one_by_one():
    reader = _fed(b"one\ntwo\nrest")
    say((await reader.readline()).rstrip(), (await reader.readline()).rstrip(), await reader.readline())
    say(len(await reader.readline()))


async def a_line_over_the_limit_is_a_value_error():
    say(await outcome(_fed(b"0123456789\n", limit=4).readline()))


async def async_for_gives_the_lines():
    async for line in _fed(b"one\ntwo\nrest"):
        say(line.rstrip())


async def a_read_up_to_a_separator_gives_it_too():
    reader = _fed(b"key: value; rest")
    say(await reader.readuntil(b": "), await reader.readuntil(b";"))


async def a_separator_may_come_in_pieces():
    reader = _fed(b"head\r", end=False)
    task = asyncio.create_task(reader.readuntil(b"\r\n"))
    await turns(2)
    say(task.done())
    reader.feed_data(b"\nbody")
    say(len(await task), await reader.read(10))


async def a_separator_that_never_comes_says_what_came():
    reader = _fed(b"no end")
    say(await outcome(reader.readuntil(b"\n")), reader.at_eof())


async def an_empty_separator_is_a_value_error():
    say(await outcome(_fed(b"x").readuntil(b"")))


async def a_separator_beyond_the_limit_is_an_overrun_and_takes_nothing():
    reader = _fed(b"0123456789\nrest", limit=4)
    say(await outcome(reader.readuntil(b"\n")))
    say(await reader.readexactly(5))


async def no_separator_within_the_limit_is_an_overrun():
    say(await outcome(_fed(b"0123456789", end=False, limit=4).readuntil(b"\n")))
    say(await outcome(_fed(b"0123456789", end=False, limit=4).readuntil(b"abc")))


async def an_error_of_the_connection_is_thrown_by_each_read():
    reader = asyncio.StreamReader()
    task = asyncio.create_task(reader.read(1))
    await turns(2)
    reader.set_exception(Oops("cut"))
    say(await outcome(task), await outcome(reader.readline()), reader.exception())


async def two_reads_at_a_time_are_a_runtime_error():
    reader = asyncio.StreamReader()
    task = asyncio.create_task(reader.read(1))
    await turns(2)
    say(await outcome(reader.read(1)))
    reader.feed_data(b"x")
    say(await task)


async def a_cancelled_read_loses_nothing():
    reader = asyncio.StreamReader()
    task = asyncio.create_task(reader.readexactly(4))
    await turns(2)
    reader.feed_data(b"ab")
    await turns(2)
    task.cancel()
    say(await outcome(task))
    reader.feed_data(b"cd")
    say(await reader.readexactly(4))


async def _echo(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


async def _served(handler):
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def a_server_answers_each_client():
    server, port = await _served(_echo)
    for name in (b"one\n", b"two\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(name)
        await writer.drain()
        say((await reader.readline()).rstrip())
        writer.close()
        await writer.wait_closed()
        say(writer.is_closing())
    say(server.is_serving())
    server.close()
    await server.wait_closed()
    say(server.is_serving())


async def the_end_that_a_client_writes_is_read_and_answered():
    async def counts(reader, writer):
        writer.write(str(len(await reader.read())).encode())
        writer.close()

    server, port = await _served(counts)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.writelines([b"abc", b"defg"])
    say(writer.can_write_eof())
    writer.write_eof()
    say(await reader.read(), reader.at_eof())
    writer.close()
    await writer.wait_closed()
    server.close()


async def a_server_that_closes_the_connection_ends_the_read():
    async def hangs_up(reader, writer):
        writer.write(b"bye")
        writer.close()

    server, port = await _served(hangs_up)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    say(await outcome(reader.readexactly(10)), reader.at_eof())
    writer.close()
    server.close()


async def a_closed_server_takes_no_connection():
    server, port = await _served(_echo)
    server.close()
    await server.wait_closed()
    say(await outcome(asyncio.open_connection("127.0.0.1", port)))


async def a_cancelled_serve_forever_closes_the_server():
    server, port = await _served(_echo)
    task = asyncio.create_task(server.serve_forever())
    await turns(3)
    say(server.is_serving())
    task.cancel()
    say(await outcome(task), server.is_serving())


async def much_data_passes_whole():
    async def sends(reader, writer):
        for _ in range(64):
            writer.write(b"0123456789abcdef" * 1024)
            await writer.drain()
        writer.close()

    server, port = await _served(sends)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data = await reader.read()
    say(len(data), data == b"0123456789abcdef" * 65536)
    writer.close()
    server.close()
