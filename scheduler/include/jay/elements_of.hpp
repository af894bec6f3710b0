// SPDX-License-Identifier: MIT
// co_yield jay::elements_of(g): in a generator, all that another one, or a range, gives. Python's `yield from`.
#pragma once

#include <iterator>
#include <utility>

namespace jay {

namespace detail {
/// What a range-for takes. (Not std::ranges: that header is a large one.)
template <class R>
concept iterable = requires(R& r) {
  std::begin(r);
  std::end(r);
};
}  // namespace detail

/// Refers to what it is made from, up to the end of the co_yield.
template <class G>
class elements_of {
 public:
  explicit elements_of(G&& g) noexcept : from(std::forward<G>(g)) {}
  G&& from;
};
template <class G>
elements_of(G&&) -> elements_of<G&&>;

}  // namespace jay
