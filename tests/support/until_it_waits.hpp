// SPDX-License-Identifier: MIT
#pragma once

#include <jay/call_graph.hpp>

#include "run_on.hpp"

namespace jay::testing {

/// Gives way until the task waits for something or has ended.
template <class T>
jay::task<> until_it_waits(jay::task_handle<T> h) {
  while (h.call_graph().state == jay::call_graph_state::running) co_await yield();
}

}  // namespace jay::testing
