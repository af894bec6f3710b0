// SPDX-License-Identifier: MIT
// EXPECT: this can be awaited only inside a coroutine of jay
#include <coroutine>

#include <jay/event.hpp>
#include <jay/task.hpp>

struct other {
  struct promise_type {
    other get_return_object() { return {}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};

#ifdef JAY_EXPECT_OK
jay::task<> wait(jay::event& e) { co_await e.wait(); }
#else
other wait(jay::event& e) { co_await e.wait(); }
#endif
