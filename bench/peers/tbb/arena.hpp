// SPDX-License-Identifier: MIT
#pragma once

#include <oneapi/tbb.h>

namespace bench {

/// Runs `f` in an arena of exactly `workers` threads, the calling one included.
template <class F>
auto in_arena(unsigned workers, F f) {
  const int threads = static_cast<int>(workers);
  tbb::global_control limit(tbb::global_control::max_allowed_parallelism, workers);
  tbb::task_arena arena(threads, 1);
  return arena.execute(f);
}

}  // namespace bench
