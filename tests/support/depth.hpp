// SPDX-License-Identifier: MIT
// How deep a chain has to be to show that nothing recurses through it.
#pragma once

#include <jay/detail/build.hpp>
#include <jay/detail/frame_pool.hpp>

namespace jay::testing {

/// A recursion through so many tasks or gathers uses up the stack. Under a sanitizer an error takes far more time, and a frame
/// of the stack far more room: a fifth does it there.
constexpr int deeper_than_the_stack(int tasks) {
#if JAY_TSAN || JAY_ASAN
  return tasks / 5;
#else
  return tasks;
#endif
}

}  // namespace jay::testing
