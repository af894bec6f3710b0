// SPDX-License-Identifier: MIT
#include <jay/detail/queue_items.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace {

using jay::detail::cell_list;
using jay::detail::queue_cell;

// Long enough at times for several blocks, and empty now and then.
TEST(CellList, IsADequeUnderRandomUse) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  cell_list list;
  std::deque<queue_cell> expected;
  bool growing = true;
  for (queue_cell i = 0; i < 200'000; ++i) {
    if (expected.empty()) growing = true;
    else if (expected.size() > 200) growing = false;
    bool adds = expected.empty() || random() % 8 < (growing ? 5u : 3u);
    bool at_back = random() % 2 == 0;
    if (adds && at_back) {
      if (random() % 4 == 0) list.reserve();
      list.push_back(i);
      expected.push_back(i);
    } else if (adds) {
      list.push_front(i);
      expected.push_front(i);
    } else if (at_back) {
      ASSERT_EQ(expected.back(), list.pop_back());
      expected.pop_back();
    } else {
      ASSERT_EQ(expected.front(), list.pop_front());
      expected.pop_front();
    }
    ASSERT_EQ(expected.size(), list.size());
  }
}

TEST(CellList, ChangesHandsWhole) {
  cell_list list;
  for (queue_cell i = 0; i < 100; ++i) list.push_back(i);
  cell_list other(std::move(list));
  EXPECT_EQ(0u, list.size());
  list.push_back(7);
  list.swap(other);
  EXPECT_EQ(100u, list.size());
  for (queue_cell i = 0; i < 100; ++i) EXPECT_EQ(i, list.pop_front());
  EXPECT_EQ(7u, other.pop_back());
}

}  // namespace
