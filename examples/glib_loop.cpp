// SPDX-License-Identifier: MIT
// A program of GLib's (GTK's) main loop, and jay beside it. What belongs to the loop's thread is done there by a task whose home
// that is; what computes is done by jay's workers. The loop watches the home's file descriptor, and nothing ever blocks it.
#include <glib-unix.h>
#include <glib.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include <jay/jay.hpp>

/// As a widget: only the loop's thread may touch it.
class progress_bar {
 public:
  void show(int percent) {
    if (std::this_thread::get_id() != thread_) std::abort();
    std::printf("%3d %%\n", percent);
  }

 private:
  const std::thread::id thread_ = std::this_thread::get_id();
};

jay::task<int> primes_between(int from, int to) {
  int count = 0;
  for (int n = from; n < to; ++n) {
    bool prime = n > 1;
    for (int d = 2; prime && d * d <= n; ++d) prime = n % d != 0;
    count += prime;
  }
  co_return count;
}

jay::task<int> count_primes(jay::home_thread& home, progress_bar& bar, GMainLoop* loop) {
  co_await jay::resume_on(home);   // from here on this coroutine runs on the loop's thread,
  int count = 0;
  for (int part = 0; part < 4; ++part) {
    auto counting = jay::create_task(primes_between(part * 25'000, (part + 1) * 25'000));   // on a worker
    count += co_await counting;
    bar.show(25 * (part + 1));     // after each await again
  }
  g_main_loop_quit(loop);
  co_return count;
}

gboolean poll_home(gint, GIOCondition, gpointer home) {
  static_cast<jay::home_thread*>(home)->poll();
  return G_SOURCE_CONTINUE;
}

int main() {
  GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
  jay::home_thread home;
  progress_bar bar;
  const guint watch = g_unix_fd_add(home.fd(), G_IO_IN, poll_home, &home);

  int count = 0;
  std::thread background([&] { count = jay::run(count_primes(home, bar, loop)); });
  g_main_loop_run(loop);

  g_source_remove(watch);
  home.close();   // nothing is left here now: what has not ended was cancelled, and has cleaned up
  background.join();
  g_main_loop_unref(loop);
  std::printf("%d primes\n", count);
}
