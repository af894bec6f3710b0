// SPDX-License-Identifier: MIT
#include <jay/generator.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::counted;

static_assert(std::ranges::input_range<jay::generator<int>>);
static_assert(std::ranges::input_range<jay::generator<const std::string&>>);

jay::generator<int> count(int n) {
  for (int i = 0; i < n; ++i) co_yield i;
}

template <class T>
std::vector<std::remove_cvref_t<T>> all_of(jay::generator<T> g) {
  std::vector<std::remove_cvref_t<T>> all;
  for (auto&& v : g) all.push_back(std::forward<decltype(v)>(v));
  return all;
}

TEST(Generator, IsARangeOfWhatItYields) { EXPECT_EQ(all_of(count(3)), (std::vector<int>{0, 1, 2})); }

TEST(Generator, RunsNothingBeforeItIsIterated) {
  int alive = 0;
  {
    auto g = [](int& n) -> jay::generator<int> {
      counted c(n);
      co_yield 1;
    }(alive);
    EXPECT_EQ(alive, 0);
    auto it = g.begin();
    EXPECT_EQ(*it, 1);
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);  // left at its co_yield
}

TEST(Generator, GivesWhatCanOnlyBeMoved) {
  auto g = []() -> jay::generator<std::unique_ptr<int>> {
    for (int i = 0; i < 3; ++i) {
      auto p = std::make_unique<int>(i);
      co_yield std::move(p);
    }
  };
  std::vector<std::unique_ptr<int>> all = all_of(g());
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(*all[2], 2);
}

TEST(Generator, WhatIsTakenFromACopyLeavesTheOriginal) {
  std::string name = "a name that is long enough to be allocated";
  auto g = [](const std::string& s) -> jay::generator<std::string> {
    co_yield s;
    co_yield s;
  };
  EXPECT_EQ(all_of(g(name)), (std::vector<std::string>{name, name}));
}

TEST(Generator, GivesReferences) {
  std::vector<int> values{1, 2};
  auto g = [](std::vector<int>& from) -> jay::generator<int&> {
    for (int& v : from) co_yield v;
  };
  for (int& v : g(values)) v *= 10;
  EXPECT_EQ(values, (std::vector<int>{10, 20}));
}

TEST(Generator, AnExceptionComesOutOfTheLoop) {
  auto g = []() -> jay::generator<int> {
    co_yield 1;
    throw std::runtime_error("broken");
  };
  int seen = 0;
  std::string text;
  try {
    for (int v : g()) seen += v;
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(text, "broken");
}

jay::generator<int> nested(int depth, int& alive) {
  counted c(alive);
  if (depth == 0) {
    std::vector<int> first{7, 8};
    co_yield jay::elements_of(first);
    co_yield jay::elements_of(count(2));
    co_return;
  }
  co_yield jay::elements_of(nested(depth - 1, alive));
  co_yield depth;
}

TEST(Generator, ElementsOfMayBeDeep) {
  int alive = 0;
  std::vector<int> all = all_of(nested(10'000, alive));
  ASSERT_EQ(all.size(), 10'004u);
  EXPECT_EQ(all[0], 7);
  EXPECT_EQ(all[3], 1);
  EXPECT_EQ(all.back(), 10'000);
  EXPECT_EQ(alive, 0);
}

TEST(Generator, AnErrorOfTheInnerOneIsThrownInTheOuter) {
  auto inner = []() -> jay::generator<int> {
    co_yield 1;
    throw std::runtime_error("inner");
  };
  auto outer = [&]() -> jay::generator<int> {
    bool caught = false;
    try {
      co_yield jay::elements_of(inner());
    } catch (const std::runtime_error&) {
      caught = true;
    }
    co_yield caught ? 2 : 0;
  };
  EXPECT_EQ(all_of(outer()), (std::vector<int>{1, 2}));
}

}  // namespace
