// SPDX-License-Identifier: MIT
// EXPECT: g++ 12 destroys a capturing lambda inside a co_await expression twice
// ONLY: GNU
#include <string>

#include <jay/enter.hpp>
#include <jay/time.hpp>

jay::task<> run(std::string text) {
#ifdef JAY_EXPECT_OK
  co_await jay::with(jay::timeout(std::nullopt), [&](jay::timeout_scope&) -> jay::task<> { co_return void(text.size()); });
#else
  co_await jay::with(jay::timeout(std::nullopt), [text](jay::timeout_scope&) -> jay::task<> { co_return void(text.size()); });
#endif
}
