// SPDX-License-Identifier: MIT
// The seam (jay/detail/sync.hpp) as the model checker sees it.
#pragma once
#include <chrono>
#include <cstdint>

#include "atomic.hpp"
#include "var.hpp"

namespace model {
// What options::fences says; constants in the other builds.
extern std::memory_order asym_load_order;
extern std::memory_order asym_store_order;
}  // namespace model

#define JAY_MODEL_VAR(T) ::model::var<T>

namespace jay::detail {

template <class T>
using atomic = model::atomic<T>;
template <class T>
using plain = model::var<T>;

inline const std::memory_order& asym_load = model::asym_load_order;
inline const std::memory_order& asym_store = model::asym_store_order;

inline void fence(std::memory_order o, const model::place& where = model::place::current()) noexcept {
  model::engine::fence(o, where);
}
inline void asymmetric_light(const model::place& where = model::place::current()) noexcept {
  model::engine::light_fence(where);
}
inline void asymmetric_heavy(const model::place& where = model::place::current()) noexcept {
  model::engine::heavy_fence(where);
}
inline bool use_asymmetric_fences(bool wanted) noexcept { return wanted; }

inline void futex_wait(atomic<std::uint32_t>& word, std::uint32_t expected,
                       const model::place& where = model::place::current()) noexcept {
  model::engine::futex_wait(word.model_location(), expected, false, where);
}
template <class TimePoint>
bool futex_wait_until(atomic<std::uint32_t>& word, std::uint32_t expected, TimePoint,
                      const model::place& where = model::place::current()) noexcept {
  return model::engine::futex_wait(word.model_location(), expected, true, where);
}
inline void futex_wake(atomic<std::uint32_t>& word, int count,
                       const model::place& where = model::place::current()) noexcept {
  model::engine::futex_wake(word.model_location(), count, where);
}

inline void cpu_relax() noexcept { model::engine::yield(); }
inline void thread_yield() noexcept { model::engine::yield(); }

}  // namespace jay::detail
