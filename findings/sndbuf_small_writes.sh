#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A Unix socket with a send buffer of 200 KiB takes less than 1 KiB, if it is written byte by byte.
#
# Guess: SO_SNDBUF is a number of bytes, perhaps halved for the kernel's own needs; a stream does not care how it was cut.
# Seen: the default buffer of 212,992 bytes is full after 278 writes of one byte: each write becomes a buffer of its own, which
#   is charged with the whole of its memory (768 bytes here), and a Unix stream never joins two. A TCP socket does join
#   them and takes as many bytes as its SO_SNDBUF says. So a program that limits what it has under way by SO_SNDBUF, or that
#   tests its back-pressure on a socketpair with small messages, meets a limit some hundred times smaller than the number says.
# With: Linux (seen with 6.18), Unix and TCP stream sockets
# Source: socket(7), SO_SNDBUF ("bookkeeping overhead"), https://man7.org/linux/man-pages/man7/socket.7.html;
#   https://github.com/torvalds/linux/blob/master/net/unix/af_unix.c (unix_stream_sendmsg: one skb for each write)
set -euo pipefail

python3 - <<'PY'
import platform
import socket


def fill(sender, chunk, most):
    """Bytes that go in, in writes of so many bytes, until the socket would block or the most was written."""
    sender.setblocking(False)
    sent = 0
    try:
        while sent < most:
            sent += sender.send(b"x" * chunk)
    except BlockingIOError:
        pass
    return sent


def unix():
    return socket.socketpair()


def tcp():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client, server.accept()[0]


print("Linux", platform.release())
seen = {}
for pair in unix, tcp:
    for chunk in 1, 4096:
        sender, receiver = pair()
        size = sender.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        taken = seen[pair, chunk] = fill(sender, chunk, size) / size
        print(f"{pair.__name__}: SO_SNDBUF {size}, in writes of {chunk}: {taken:.1%} of it are taken")
        sender.close()
        receiver.close()
assert seen[unix, 1] < 0.01
assert seen[unix, 4096] > 0.3
assert seen[tcp, 1] >= 1
print("as described")
PY
