// SPDX-License-Identifier: MIT
#include "io/src/config/suggest.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using jay::detail::edit_distance;
using jay::detail::suggest;

TEST(Suggest, CountsInsertionsRemovalsChangesAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("wrkers", "workers"), 1u);
  EXPECT_EQ(edit_distance("workers", "worker"), 1u);
  EXPECT_EQ(edit_distance("spin", "spun"), 1u);
  EXPECT_EQ(edit_distance("depht", "depth"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Suggest, GivesTheNearestWord) {
  const std::vector<std::string> words{"init", "show", "check", "schema"};
  EXPECT_EQ(suggest("shwo", words), "show");
  EXPECT_EQ(suggest("chek", words), "check");
  EXPECT_EQ(suggest("SCHEMA", words), "schema");
  EXPECT_EQ(suggest("scheme", words), "schema");
}

TEST(Suggest, GivesNothingWhereNothingIsNear) {
  EXPECT_EQ(suggest("bananas", {"workers", "spin"}), "");
  EXPECT_EQ(suggest("x", {"y"}), "");
  EXPECT_EQ(suggest("", {"io"}), "");
  EXPECT_EQ(suggest("anything", {}), "");
  EXPECT_EQ(suggest(std::string(100000, 'x'), {"x"}), "");
}

}  // namespace
