// SPDX-License-Identifier: MIT
#pragma once

#include <jay/detail/worker.hpp>

namespace jay::testing {

/// As the ticker does: this worker's next fork, await or operation that would be ready at once gives way.
inline void ask_for_a_turn() {
  detail::this_worker->attention.fetch_or(detail::attention::turn, std::memory_order_relaxed);  // relaxed: only a request
}

}  // namespace jay::testing
