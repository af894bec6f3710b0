#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# After a reset, recv may say "clean end": the error of a TCP socket is told once, to whoever asks first.
#
# Guess: a connection that was reset gives ECONNRESET to every later recv, so 0 always means that the peer has finished.
# Seen: the kernel keeps one pending error, and who reads it takes it away: send(), getsockopt(SO_ERROR), or a recv. If a
#   send or a look at SO_ERROR came first, recv gives what had arrived before the reset, and then 0: half a message
#   that is followed by a regular end of stream. A program that writes and reads at one time (HTTP with keep-alive, any
#   pipeline) takes a broken answer for a whole one, unless the connection object remembers the error itself.
#   The other half of the surprise is good: what came before the reset is not thrown away by Linux.
# With: Linux (seen with 6.18), TCP over loopback
# Source: socket(7), SO_ERROR ("get and clear"), https://man7.org/linux/man-pages/man7/socket.7.html;
#   https://github.com/torvalds/linux/blob/master/net/ipv4/tcp.c (tcp_recvmsg_locked: the queue, SOCK_DONE, then sk_err)
set -euo pipefail

python3 - <<'PY'
import errno
import platform
import select
import socket
import struct


def name(call):
    try:
        got = call()
        return errno.errorcode.get(got, "0") if isinstance(got, int) else repr(got)
    except OSError as error:
        return errno.errorcode[error.errno]


def after_reset(first):
    """What three recv say on a connection whose peer sent half a message and reset it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        peer = server.accept()[0]
    peer.sendall(b"half")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close() sends a reset
    peer.close()
    poll = select.poll()
    poll.register(client, 0)
    assert poll.poll(5000), "the reset has not come"
    calls = {
        "recv": [],
        "send": [lambda: client.send(b"x")],
        "SO_ERROR": [lambda: client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)],
    }[first]
    seen = [name(call) for call in calls] + [name(lambda: client.recv(100)) for _ in range(3)]
    client.close()
    print(f"{first:8} first:", *seen)
    return seen


print("Linux", platform.release())
assert after_reset("recv") == ["b'half'", "ECONNRESET", "b''"]
assert after_reset("send") == ["ECONNRESET", "b'half'", "b''", "b''"]
assert after_reset("SO_ERROR") == ["ECONNRESET", "b'half'", "b''", "b''"]
print("as described")
PY
