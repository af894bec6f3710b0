// SPDX-License-Identifier: MIT
// EXPECT: a parameter by value wants a larger alignment than the coroutine's frame has
#ifdef JAY_EXPECT_OK
#define JAY_FRAME_ALIGNMENT 64
#endif
#include <jay/task.hpp>

struct alignas(64) line {
  float values[16];
};

jay::task<float> first(line l) { co_return l.values[0]; }
