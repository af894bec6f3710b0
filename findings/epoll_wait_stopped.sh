#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Linux: epoll_wait fails with EINTR after SIGSTOP and SIGCONT, although the program handles no signal at all.
#
# Guess: EINTR is about handlers: a program that installs none, or all of them with SA_RESTART, never sees it. Ctrl-Z and fg,
#   or a debugger that attaches, go unnoticed.
# Seen: epoll_wait ends with EINTR as soon as the process is continued; poll and nanosleep go on by themselves. A loop that
#   takes any error of epoll_wait for fatal ends when somebody suspends it in a terminal, and its tests never show it.
# With: Linux (seen with 6.18), gcc 12
# Source: signal(7), "Interruption of system calls and library functions by stop signals",
#   https://man7.org/linux/man-pages/man7/signal.7.html
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >program.c <<'C'
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static int epoll_waits(void) {
  struct epoll_event event;
  return epoll_wait(epoll_create1(0), &event, 1, 1500);
}
static int polls(void) { return poll(NULL, 0, 1500); }
static int sleeps(void) { return nanosleep(&(struct timespec){1, 500000000}, NULL); }
// Blocks in a child that is stopped and continued meanwhile, and says how the call ended.
static void show(const char* name, int (*call)(void)) {
  int status;
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    const int result = call();
    printf("%s: %s\n", name, result == 0 ? "waited to its end" : strerror(errno));
    exit(0);
  }
  usleep(500000);  // until it blocks
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  kill(child, SIGCONT);
  waitpid(child, &status, 0);
}
int main(void) {
  show("epoll_wait", epoll_waits);
  show("poll", polls);
  show("nanosleep", sleeps);
}
C
gcc-12 program.c -o program
echo "Linux $(uname -r)"
./program | tee seen
diff seen - <<<$'epoll_wait: Interrupted system call\npoll: waited to its end\nnanosleep: waited to its end'
echo "as described"
