// SPDX-License-Identifier: MIT
// EXPECT: queue pointers or std::unique_ptr instead
#include <jay/queue.hpp>

#ifdef JAY_EXPECT_OK
jay::task<> put(jay::queue<int*>& q, int& v) { co_await q.put(&v); }
#else
jay::task<> put(jay::queue<int&>& q, int& v) { co_await q.put(v); }
#endif
