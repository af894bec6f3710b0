// SPDX-License-Identifier: MIT
// Random numbers of a run with a seed: the same numbers on every machine. Any seed will do, 0 too. Steele, Lea, Flood: Fast
// Splittable Pseudorandom Number Generators (2014).
#pragma once

#include <cstdint>

namespace jay::detail {

class splitmix64 {
 public:
  explicit splitmix64(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t operator()() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

}  // namespace jay::detail
