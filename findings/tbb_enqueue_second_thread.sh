#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# oneTBB starts a second thread although one is all that it may use.
#
# Guess: with global_control(max_allowed_parallelism, 1) and task_arena(1) a program has one thread, its own: what is enqueued
#   waits until that thread takes part. So thread-unsafe code may run as tasks, and a profile is of one thread.
# Seen: max_concurrency() says 1, and a task that is enqueued runs all the same, in another thread and at the same time as the
#   caller, who has not given its slot away: an arena for one, whose slot is kept for the caller, is silently made one for
#   two, since an enqueued task has to begin at some time. A task_group in the same arena keeps to the limit: its task waits
#   for wait(). What is enqueued is no longer "one at a time" with what the arena executes.
# With: oneTBB 2021.8 (Debian 12: libtbb-dev 2021.8.0-2+deb12u1), g++ 12
# Source: https://github.com/uxlfoundation/oneAPI-spec/issues/411 (the specification does not say it yet),
#   https://github.com/uxlfoundation/oneTBB/blob/master/src/tbb/arena.cpp ("two slots are mandatory")
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get download -qq -o APT::Sandbox::User=root libtbb-dev=2021.8.0-2+deb12u1 libtbb12=2021.8.0-2+deb12u1
for deb in *.deb; do dpkg -x "$deb" root; done
lib=$dir/root/usr/lib/x86_64-linux-gnu
g++-12 --version | sed -n 1p

cat >program.cpp <<'CPP'
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <oneapi/tbb.h>
// Whether it becomes true while this thread sleeps: at most so long.
static bool comes(const std::atomic<bool>& flag, std::chrono::milliseconds most) {
  for (const auto end = std::chrono::steady_clock::now() + most; std::chrono::steady_clock::now() < end;) {
    if (flag) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return flag;
}
int main() {
  using control = tbb::global_control;
  const control one(control::max_allowed_parallelism, 1);
  tbb::task_arena arena(1);
  arena.initialize();
  std::atomic<bool> ran{false};
  std::atomic<bool> grouped{false};
  std::thread::id runner;
  std::printf("oneTBB %s, limit %zu, arena %d\n", TBB_VERSION_STRING, control::active_value(control::max_allowed_parallelism),
              arena.max_concurrency());
  arena.execute([&] {
    arena.enqueue([&] {
      runner = std::this_thread::get_id();
      ran = true;
    });
    const bool while_inside = comes(ran, std::chrono::seconds(10));
    std::printf("enqueued: ran %s, in %s\n", while_inside ? "while the caller held the slot" : "not yet",
                runner == std::this_thread::get_id() ? "this thread" : "another thread");
  });
  tbb::task_group group;
  arena.execute([&] { group.run([&] { grouped = true; }); });
  const bool early = comes(grouped, std::chrono::milliseconds(300));
  arena.execute([&] { group.wait(); });
  std::printf("task_group: ran %s\n", early ? "by itself" : "in wait()");
}
CPP
g++-12 -std=c++20 -O1 -Iroot/usr/include program.cpp -o program -L"$lib" -l:libtbb.so.12 -Wl,-rpath,"$lib"
./program | tee seen
diff seen - <<'SEEN'
oneTBB 2021.8, limit 1, arena 1
enqueued: ran while the caller held the slot, in another thread
task_group: ran in wait()
SEEN
echo "as described"
