#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# io_uring: close() of a socket with a recv under way closes nothing, and the recv takes what the peer sends afterwards.
#
# Guess: close() ends the connection: the peer reads end of stream, and the recv that waits completes with an error or with
#   ECANCELED, as it leaves epoll by itself.
# Seen: the request holds the file. The number is free at once and may be given to a new file, but no FIN goes out, the peer
#   writes without an error, and the recv completes with these bytes: a program that reads the completion by the number
#   gives them to the wrong connection. Only then does the peer see the end. shutdown() before close(), or a cancel by
#   user_data, is what ends it. SO_RCVTIMEO does not help either: it has no effect on io_uring.
# With: Linux with io_uring (seen with 6.18), liburing 2.3 (Debian 12: liburing-dev 2.3-3), gcc 12
# Source: https://github.com/axboe/liburing/issues/932 (expected, says a maintainer),
#   https://github.com/axboe/liburing/issues/363, https://github.com/axboe/liburing/issues/610 (time limits)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get download -qq -o APT::Sandbox::User=root liburing-dev=2.3-3 liburing2=2.3-3
for deb in *.deb; do dpkg -x "$deb" root; done

cat >program.c <<'C'
#include <liburing.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
static struct io_uring ring;
static int peer;
static const char* peer_sees(int wait) {
  struct pollfd polled = {peer, POLLIN, 0};
  char byte;
  return poll(&polled, 1, wait) == 0 ? "nothing" : read(peer, &byte, 1) == 0 ? "end" : "data";
}
static const char* completion(int wait) {
  static char text[40];
  struct io_uring_cqe* cqe;
  struct __kernel_timespec limit = {wait / 1000, wait % 1000 * 1000000L};
  if (io_uring_wait_cqe_timeout(&ring, &cqe, &limit) != 0) return "still waits";
  snprintf(text, sizeof text, "gives %d", cqe->res);
  io_uring_cqe_seen(&ring, cqe);
  return text;
}
static void run(int shut) {
  int pair[2];
  char buffer[16];
  const struct timeval limit = {0, 20000};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) return;
  peer = pair[1];
  setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  io_uring_prep_recv(io_uring_get_sqe(&ring), pair[0], buffer, sizeof buffer, 0);
  io_uring_submit(&ring);
  if (shut) shutdown(pair[0], SHUT_RDWR);
  close(pair[0]);
  if (shut) {
    printf("shutdown, close: recv %s, ", completion(5000));
    printf("peer sees %s\n", peer_sees(5000));
  } else {
    printf("close: peer sees %s, ", peer_sees(200));
    printf("recv %s, ", completion(200));
    printf("peer wrote %d, ", (int)write(peer, "hello", 5));
    printf("recv %s, ", completion(5000));
    printf("peer sees %s\n", peer_sees(5000));
  }
  close(peer);
}
int main(void) {
  if (io_uring_queue_init(8, &ring, 0) != 0) return puts("no io_uring here"), 2;
  run(0);
  run(1);
}
C
gcc-12 -Iroot/usr/include program.c root/usr/lib/x86_64-linux-gnu/liburing.a -o program
echo "Linux $(uname -r), liburing 2.3-3"
./program | tee seen
diff seen - <<'SEEN'
close: peer sees nothing, recv still waits, peer wrote 5, recv gives 5, peer sees end
shutdown, close: recv gives 0, peer sees end
SEEN
echo "as described"
