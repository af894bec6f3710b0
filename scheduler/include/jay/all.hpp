// SPDX-License-Identifier: MIT
// all and all_settled: JavaScript's words for gather and gather_settled, with the same forms, results and cancels.
//
//   auto [a, b] = co_await jay::all(f(), g());   // the first error cancels the others, and is thrown when they have ended
#pragma once

#include <jay/gather.hpp>

namespace jay {

/// Promise.all. Unlike JavaScript's it leaves none of its tasks running.
template <detail::gatherable... Op>
auto all(Op&&... ops) {
  return gather(std::forward<Op>(ops)...);
}
template <detail::gatherable Op>
auto all(std::vector<Op> ops) {
  return gather(std::move(ops));
}

/// Promise.allSettled: waits for all, and gives a result<T> for each.
template <detail::gatherable... Op>
auto all_settled(Op&&... ops) {
  return gather_settled(std::forward<Op>(ops)...);
}
template <detail::gatherable Op>
auto all_settled(std::vector<Op> ops) {
  return gather_settled(std::move(ops));
}

}  // namespace jay
