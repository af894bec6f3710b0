// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <netdb.h>

#include <jay/resolve.hpp>
#include <jay/stream.hpp>

#include "tests/support/net.hpp"

using namespace jay::testing;

namespace {

TEST(Resolve, NumericHostsAreNotLookedUp) {
  auto main = []() -> jay::task<> {
    auto four = co_await jay::resolve("127.0.0.1", 80);
    EXPECT_EQ(four, std::vector<jay::address>{jay::address::ip("127.0.0.1", 80)});
    auto six = co_await jay::resolve("::1", 80);
    EXPECT_EQ(six, std::vector<jay::address>{jay::address::ip("::1", 80)});
  };
  jay::run(main());
}

TEST(Resolve, LocalhostIsALoopbackAddress) {
  auto main = []() -> jay::task<> {
    auto found = co_await jay::resolve_for_listening("localhost", 1);
    EXPECT_FALSE(found.empty());
    for (const jay::address& a : found) EXPECT_TRUE(a.host() == "127.0.0.1" || a.host() == "::1") << a.to_string();
  };
  jay::run(main());
}

TEST(Resolve, AnUnknownHostIsAnErrorThatNamesIt) {
  auto main = []() -> jay::task<> {
    std::string text;
    try {
      co_await jay::resolve("nowhere.invalid", 80);
    } catch (const std::system_error& e) {
      text = e.what();
      EXPECT_EQ(&e.code().category(), &jay::resolve_category());
    }
    EXPECT_EQ(text.find("resolve nowhere.invalid: "), 0u) << text;
    failure f = co_await failure_of(jay::open_connection("nowhere.invalid", 80));
    EXPECT_EQ(f.text.find("resolve nowhere.invalid: "), 0u) << f.text;
  };
  jay::run(main());
}

TEST(Resolve, RefusesHostsThatAreNone) {
  auto main = []() -> jay::task<> {
    failure f = co_await failure_of(jay::resolve("", 80));
    EXPECT_NE(f.text.find("empty"), std::string::npos);
    f = co_await failure_of(jay::resolve(std::string("a\0b", 3), 80));
    EXPECT_NE(f.text.find("NUL"), std::string::npos);
  };
  jay::run(main());
}

TEST(Resolve, KindsAlternate) {
  auto a = jay::address::ip("10.0.0.1", 1), b = jay::address::ip("10.0.0.2", 1), c = jay::address::ip("10.0.0.3", 1);
  auto x = jay::address::ip("::2", 1), y = jay::address::ip("::3", 1);
  using list = std::vector<jay::address>;
  EXPECT_EQ(jay::detail::interleave({x, y, a, b, c}), (list{x, a, y, b, c}));
  EXPECT_EQ(jay::detail::interleave({a, b, c}), (list{a, b, c}));
  EXPECT_EQ(jay::detail::interleave({}), list{});
}

TEST(Resolve, NamesOfAddresses) {
  auto main = []() -> jay::task<> {
    auto [host, service] = co_await jay::getnameinfo(jay::address::ip("127.0.0.1", 9));
    EXPECT_FALSE(host.empty());
    EXPECT_FALSE(service.empty());
  };
  jay::run(main());
}

}  // namespace
