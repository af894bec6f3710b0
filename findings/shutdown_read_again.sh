#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Linux: after shutdown(SHUT_RD) on TCP, recv gives 0, then data, then 0 again.
#
# Guess: SHUT_RD closes the reading side: recv gives 0 from then on, and what the peer still sends is dropped or refused.
#   End of stream is final anyway: who has seen 0 need not ask again.
# Seen: nothing is told to the peer, its segments are taken and acknowledged as before, and a recv gives them. Only where the
#   queue is empty does recv give 0 in place of waiting. poll says readable and RDHUP all the time. So 0 is not final,
#   the window fills up if nobody reads, and the peer blocks: SHUT_RD does not stop a talkative peer, only close does. A Unix
#   socket does what one would guess: there the peer's next send fails with EPIPE.
# With: Linux (seen with 6.18), TCP over loopback
# Source: https://github.com/torvalds/linux/blob/master/net/ipv4/tcp.c (tcp_shutdown does nothing without SEND_SHUTDOWN;
#   tcp_recvmsg_locked reads the queue before it looks at RCV_SHUTDOWN); shutdown(2),
#   https://man7.org/linux/man-pages/man2/shutdown.2.html
set -euo pipefail

python3 - <<'PY'
import array
import errno
import fcntl
import platform
import select
import socket
import termios
import time


def wait_for_data(sock, count):
    """Waits until the bytes have come: SHUT_RD makes poll and MSG_WAITALL useless for it."""
    queued = array.array("i", [0])
    for _ in range(500):
        fcntl.ioctl(sock, termios.FIONREAD, queued)
        if queued[0] >= count:
            return
        time.sleep(0.01)
    raise AssertionError("the data has not come")


print("Linux", platform.release())
with socket.create_server(("127.0.0.1", 0)) as server:
    client = socket.create_connection(server.getsockname())
    peer = server.accept()[0]
client.shutdown(socket.SHUT_RD)
poll = select.poll()
poll.register(client, select.POLLIN | select.POLLRDHUP)
seen = [client.recv(100)]
for message in b"one", b"two":
    peer.sendall(message)
    wait_for_data(client, len(message))
    seen += [client.recv(100), client.recv(100)]
print("TCP: ", *seen)
assert seen == [b"", b"one", b"", b"two", b""]
assert poll.poll(0)[0][1] == select.POLLIN | select.POLLRDHUP

left, right = socket.socketpair()
left.shutdown(socket.SHUT_RD)
try:
    right.send(b"one")
except OSError as error:
    print("Unix: the peer's send:", errno.errorcode[error.errno])
    assert error.errno == errno.EPIPE
else:
    raise AssertionError("was sent")
for each in client, peer, left, right:
    each.close()
print("as described")
PY
