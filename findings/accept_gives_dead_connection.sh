#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Linux: accept gives a connection that has been reset already, and getpeername on it fails.
#
# Guess: accept gives what is connected; a client that has gone is left out or makes accept fail with ECONNABORTED, the
#   error that POSIX has for it. The peer's address can be asked for at least until something has been read.
# Seen: accept succeeds and gives the address. getpeername says ENOTCONN at once, while what the client had sent can still be
#   read. A server that logs or limits by getpeername fails there, under load only: when clients give up while they wait
#   in the queue. The address that accept gives has to be kept, as asyncio does.
# With: Linux (seen with 6.18), TCP over loopback, CPython 3.11
# Source: accept(2), ECONNABORTED, https://man7.org/linux/man-pages/man2/accept.2.html;
#   https://github.com/python/cpython/blob/3.11/Lib/asyncio/selector_events.py (_accept_connection: peername)
set -euo pipefail

python3 - <<'PY'
import asyncio
import errno
import platform
import select
import socket
import struct
import sys


def dead_connection(server):
    """A client that connects, sends and resets, all before the server accepts."""
    client = socket.create_connection(server.getsockname())
    client.sendall(b"hello")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close() sends a reset
    client.close()
    select.select([server], [], [], 5)


def name(call):
    try:
        return call()
    except OSError as error:
        return errno.errorcode[error.errno]


async def asyncio_peer(server):
    seen = asyncio.get_running_loop().create_future()

    async def handle(reader, writer):
        data = b""
        try:
            data = await reader.read(5)
        except ConnectionError:
            pass
        seen.set_result((writer.get_extra_info("peername"), data))
        writer.close()

    async with await asyncio.start_server(handle, sock=server):
        return await asyncio.wait_for(seen, 10)


print("Linux", platform.release(), "CPython", platform.python_version())
assert sys.version_info[:2] == (3, 11)
with socket.create_server(("127.0.0.1", 0)) as server:
    dead_connection(server)
    connection, address = server.accept()
    seen = [name(call) for call in (connection.getpeername, *[lambda: connection.recv(100)] * 2)]
    print("accept:", address[0], "getpeername:", seen[0], "recv:", *seen[1:])
    assert address[0] == "127.0.0.1" and seen == ["ENOTCONN", b"hello", "ECONNRESET"]
    connection.close()
server = socket.create_server(("127.0.0.1", 0))
dead_connection(server)
peer, data = asyncio.run(asyncio_peer(server))
print("asyncio: peername", peer[0], "data", data)
assert peer[0] == "127.0.0.1" and data == b"hello"
print("as described")
PY
