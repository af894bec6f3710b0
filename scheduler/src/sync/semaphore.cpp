// SPDX-License-Identifier: MIT
#include <jay/semaphore.hpp>

#include <stdexcept>
#include <string>

namespace jay {

std::uint64_t semaphore::checked(std::ptrdiff_t value) {
  if (value < 0 || static_cast<std::uint64_t>(value) > detail::permits::no_bound)
    throw std::invalid_argument("semaphore: " + std::to_string(value) + " permits; the initial value must be from 0 to " +
                                std::to_string(detail::permits::no_bound));
  return static_cast<std::uint64_t>(value);
}

void semaphore::throw_released_too_often() const {
  throw std::invalid_argument("semaphore::release: released more often than acquired; there are only " +
                              std::to_string(bound_) + " permits");
}

}  // namespace jay
