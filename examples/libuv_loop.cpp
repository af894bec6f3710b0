// SPDX-License-Identifier: MIT
// A program of libuv's loop, and jay beside it: as glib_loop.cpp. The loop's own timer ticks on its thread; a task whose home
// that is reads what it counts, without a lock, and stops it.
#include <uv.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include <jay/jay.hpp>

using namespace std::chrono_literals;

/// What the loop's thread has, and no other may touch.
struct ticks {
  uv_timer_t timer;
  int count = 0;
};

void tick(uv_timer_t* t) { ++static_cast<ticks*>(t->data)->count; }

jay::task<> stop_after(jay::home_thread& home, uv_poll_t& watch, ticks& t, int enough) {
  co_await jay::resume_on(home);   // from here on this coroutine runs on the loop's thread
  while (t.count < enough) co_await jay::sleep(1ms);   // jay's clock; the loop goes on meanwhile
  uv_close(reinterpret_cast<uv_handle_t*>(&t.timer), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&watch), nullptr);   // the last handle: uv_run returns
}

void poll_home(uv_poll_t* watch, int, int) { static_cast<jay::home_thread*>(watch->data)->poll(); }

int main() {
  uv_loop_t loop;
  uv_loop_init(&loop);
  jay::home_thread home;
  ticks t;
  uv_timer_init(&loop, &t.timer);
  t.timer.data = &t;
  uv_timer_start(&t.timer, tick, 1, 1);
  uv_poll_t watch;
  uv_poll_init(&loop, &watch, home.fd());
  watch.data = &home;
  uv_poll_start(&watch, UV_READABLE, poll_home);

  std::thread background([&] { jay::run(stop_after(home, watch, t, 5)); });
  uv_run(&loop, UV_RUN_DEFAULT);

  home.close();   // nothing is left here now: what has not ended was cancelled, and has cleaned up
  background.join();
  uv_loop_close(&loop);
  std::puts(t.count >= 5 ? "stopped after 5 ticks or more" : "stopped too soon");
}
