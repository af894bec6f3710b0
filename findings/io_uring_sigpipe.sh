#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# io_uring: a write to a closed socket raises SIGPIPE, a send on the same socket never does.
#
# Guess: IORING_OP_WRITE and IORING_OP_SEND with no flags do what write(2) and send(2) do: on a socket both raise SIGPIPE.
#   Or else neither does, since the completion has a place for EPIPE.
# Seen: the send gives EPIPE and no signal, since the kernel adds MSG_NOSIGNAL to every send. The write gives EPIPE and
#   raises SIGPIPE in the thread that submits, which ends the process. The same write with IOSQE_ASYNC, which only asks
#   for it to be done by a kernel thread, gives EPIPE and no signal that the process would see. A pipe has only the write:
#   so a program that uses io_uring for pipes must ignore SIGPIPE although its sockets never need it.
# With: Linux with io_uring (seen with 6.18), liburing 2.3 (Debian 12: liburing-dev 2.3-3), gcc 12
# Source: https://github.com/torvalds/linux/blob/master/io_uring/net.c (io_sendmsg_prep), send(2),
#   https://man7.org/linux/man-pages/man2/send.2.html (MSG_NOSIGNAL)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get download -qq -o APT::Sandbox::User=root liburing-dev=2.3-3 liburing2=2.3-3
for deb in *.deb; do dpkg -x "$deb" root; done

cat >program.c <<'C'
#include <liburing.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static volatile sig_atomic_t signals;
static void count(int number) { (void)number, signals++; }
static struct io_uring ring;
static void show(const char* name, struct io_uring_sqe* sqe, unsigned flags) {
  struct io_uring_cqe* cqe;
  signals = 0;
  sqe->flags |= flags;
  io_uring_submit(&ring);
  io_uring_wait_cqe(&ring, &cqe);
  printf("%s: %s, %s\n", name, strerror(-cqe->res), signals ? "SIGPIPE" : "no signal");
  io_uring_cqe_seen(&ring, cqe);
}
int main(void) {
  int sockets[2], pipes[2];
  if (io_uring_queue_init(8, &ring, 0) != 0) return puts("no io_uring here"), 2;
  signal(SIGPIPE, count);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) || pipe(pipes)) return 2;
  close(sockets[1]);
  close(pipes[0]);
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_send(sqe, sockets[0], "x", 1, 0);
  show("socket, send", sqe, 0);
  sqe = io_uring_get_sqe(&ring);
  io_uring_prep_write(sqe, sockets[0], "x", 1, 0);
  show("socket, write", sqe, 0);
  sqe = io_uring_get_sqe(&ring);
  io_uring_prep_write(sqe, sockets[0], "x", 1, 0);
  show("socket, write, IOSQE_ASYNC", sqe, IOSQE_ASYNC);
  sqe = io_uring_get_sqe(&ring);
  io_uring_prep_write(sqe, pipes[1], "x", 1, -1);
  show("pipe, write", sqe, 0);
}
C
gcc-12 -Iroot/usr/include program.c root/usr/lib/x86_64-linux-gnu/liburing.a -o program
echo "Linux $(uname -r), liburing 2.3-3"
./program | tee seen
diff seen - <<'SEEN'
socket, send: Broken pipe, no signal
socket, write: Broken pipe, SIGPIPE
socket, write, IOSQE_ASYNC: Broken pipe, no signal
pipe, write: Broken pipe, SIGPIPE
SEEN
echo "as described"
