// SPDX-License-Identifier: MIT
// EXPECT: the value is passed on as a copy
#include <memory>

#include <jay/then.hpp>

jay::future<int> use(const jay::future<std::unique_ptr<int>>& f) {
#ifdef JAY_EXPECT_OK
  return f.then([](const std::unique_ptr<int>& p) { return *p; });
#else
  return f.finally([] {}).then([](const std::unique_ptr<int>& p) { return *p; });
#endif
}
