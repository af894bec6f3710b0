// SPDX-License-Identifier: MIT
// A plugin with a jay of its own; host.cpp opens and closes it.
#include <jay/jay.hpp>

#include <chrono>

jay::task<int> sum() {
  auto h = jay::create_task(jay::sleep(std::chrono::milliseconds(1), 1));
  int a = co_await h;
  int b = co_await jay::to_thread([] { return 2; });
  co_return a + b;
}

extern "C" __attribute__((visibility("default"))) int use_jay() { return jay::run(sum()); }
