#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# asyncio reports a Unix socket as connected that is not, when the server's queue is full.
#
# Guess: connecting without blocking fails with EINPROGRESS, one waits until the socket is writable and reads SO_ERROR, for
#   every family. Where the backlog is full, the connect takes longer or fails.
# Seen: Linux answers EAGAIN for a Unix stream socket, and nothing goes on in the background: one has to try again. asyncio
#   takes both errors for "in progress" (Python has one exception for them). An unconnected Unix socket counts as writable
#   and has no error, so sock_connect returns without an exception, and the first send fails with ENOTCONN: a busy server
#   looks like a peer that went away after it had accepted. A blocking connect would have waited its turn.
# With: CPython 3.11, Linux (seen with 6.18)
# Source: connect(2), EAGAIN, https://man7.org/linux/man-pages/man2/connect.2.html;
#   https://github.com/python/cpython/blob/3.11/Lib/asyncio/selector_events.py (_sock_connect); other libraries met it too:
#   https://github.com/tokio-rs/mio/issues/1560, https://github.com/chriskohlhoff/asio/issues/1365
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

python3 - <<'PY'
import asyncio
import errno
import platform
import socket
import sys


async def main():
    loop = asyncio.get_running_loop()
    server = socket.socket(socket.AF_UNIX)
    server.bind("socket")
    server.listen(0)  # room for one that has not been accepted

    first = socket.socket(socket.AF_UNIX)
    first.connect("socket")
    second = socket.socket(socket.AF_UNIX)
    second.setblocking(False)
    plain = second.connect_ex("socket")
    print("connect(2) by hand:", errno.errorcode[plain])
    assert plain == errno.EAGAIN

    await asyncio.wait_for(loop.sock_connect(second, "socket"), 5)
    print("sock_connect: no error")
    try:
        await loop.sock_sendall(second, b"hello")
    except OSError as error:
        print("sock_sendall:", errno.errorcode[error.errno])
        assert error.errno == errno.ENOTCONN
    else:
        raise AssertionError("was sent")

    server.accept()[0].close()
    assert second.connect_ex("socket") == 0
    print("connect(2) again, now that there is room: connected")
    for each in first, second, server:
        each.close()


print("CPython", platform.python_version(), "Linux", platform.release())
assert sys.version_info[:2] == (3, 11)
asyncio.run(main())
print("as described")
PY
