// SPDX-License-Identifier: MIT
#pragma once

namespace jay {

/// Stands for void where a value is needed: in tuples and vectors of results.
struct unit {
  friend constexpr bool operator==(unit, unit) noexcept { return true; }
};

}  // namespace jay
