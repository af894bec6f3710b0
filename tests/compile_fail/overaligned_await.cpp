// SPDX-License-Identifier: MIT
// EXPECT: what is awaited here wants a larger alignment than the coroutine's frame has
#ifdef JAY_EXPECT_OK
#define JAY_FRAME_ALIGNMENT 64
#endif
#include <jay/task.hpp>

struct alignas(64) line {
  float values[16];
};

jay::task<line> make();

jay::task<float> first() {
  line l = co_await make();
  co_return l.values[0];
}
