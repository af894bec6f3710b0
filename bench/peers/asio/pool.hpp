// SPDX-License-Identifier: MIT
#pragma once

#include "coroutines.hpp"

#include <thread>
#include <vector>

namespace bench {

/// Runs `context` on `workers` threads, the calling one included, until it has nothing left to do.
inline void run_on(asio::io_context& context, unsigned workers) {
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < workers; ++i) threads.emplace_back([&context] { context.run(); });
  context.run();
}

}  // namespace bench
