// SPDX-License-Identifier: MIT
#pragma once

// The [scheduler] and [debug] tables: what a scheduler is made with. Plain values; nobody here opens a file.

#include <cstdint>
#include <optional>
#include <string_view>

#include <jay/detail/config_fields.hpp>

namespace jay {

// What runs first when a task forks.
enum class order { depth, asyncio };

// How much one steal takes from its victim's deque.
enum class steal_policy { one, half };

// Who pays for the ordering between a deque's owner and its thieves.
enum class fence_policy { automatic, asymmetric, full };

template <>
struct detail::choice_words<order> {
  static constexpr std::string_view list[] = {"depth", "asyncio"};
};
template <>
struct detail::choice_words<steal_policy> {
  static constexpr std::string_view list[] = {"one", "half"};
};
template <>
struct detail::choice_words<fence_policy> {
  static constexpr std::string_view list[] = {"auto", "asymmetric", "full"};
};

struct scheduler_config {
  std::uint32_t workers = 0;
  jay::order order = jay::order::depth;
  bool affinity = false;
  bool time_slices = true;
  std::uint32_t spin = 50;  // microseconds
  steal_policy steal = steal_policy::one;
  fence_policy fence = fence_policy::automatic;
  std::uint32_t frame_cache = 256;
  std::uint32_t frames_kept = 8;  // MiB

  // No key: jay::testing::run sets it. There is one worker then, which draws by it what it runs next, and time is virtual.
  std::optional<std::uint64_t> seed;

  bool operator==(const scheduler_config&) const = default;

  template <class Visit>
  static constexpr void fields(Visit&& visit) {
    using self = scheduler_config;
    visit(&self::workers, "workers", detail::count(0, 1024),
          "Worker threads. 0: as many as the process may use, which is the allowed CPUs within the "
          "cgroup's CPU quota. With order = \"asyncio\" there is always one.");
    visit(&self::order, "order",
          "\"depth\" runs forks depth-first and lets idle workers steal; \"asyncio\" is one worker, "
          "first in first out, in asyncio's order.");
    visit(&self::affinity, "affinity",
          "Pin each worker to one CPU. Helps a machine that runs nothing else, hurts any other.");
    visit(&self::time_slices, "time_slices",
          "Ask the kernel (Linux 6.12 or later) for short time slices for I/O threads, and for slices of "
          "10 ms for a worker while it computes, so that an I/O thread that wakes up goes before it.");
    visit(&self::spin, "spin", detail::us(0, 10000),
          "How long an idle worker searches for work before it sleeps. More answers a burst sooner "
          "and burns more CPU between bursts.");
    visit(&self::steal, "steal",
          "What a thief takes from a victim: its oldest job (\"one\") or half of its jobs (\"half\").");
    visit(&self::fence, "fence",
          "Who pays for ordering in the deques. \"asymmetric\": only thieves, by membarrier(2); "
          "\"full\": every pop; \"auto\": asymmetric where the kernel offers it.");
    visit(&self::frame_cache, "frame_cache", detail::count(0, 65536),
          "Coroutine frames that a worker keeps for reuse, per size class. At least 2 are kept.");
    visit(&self::frames_kept, "frames_kept", detail::count(0, 1048576),
          "MiB of free coroutine frames that are kept, beside what the workers keep. More goes back to the "
          "system when nobody has wanted it for one to two seconds. The process has one such limit: the "
          "last runtime to begin sets it.");
  }
};

struct debug_config {
  bool enabled = false;
  std::uint32_t slow_step = 100;  // milliseconds
  bool inspect = false;

  bool operator==(const debug_config&) const = default;

  template <class Visit>
  static constexpr void fields(Visit&& visit) {
    using self = debug_config;
    visit(&self::enabled, "enabled",
          "Debug mode: warns about slow steps, coroutines that were never awaited, and tasks that wait for each other "
          "in a circle; knows who holds a lock, who made a task, and which coroutines an exception went through; has "
          "call_soon refuse a wrong thread. JAY_DEBUG=1 is short for it.");
    visit(&self::slow_step, "slow_step", detail::ms(0, 3600000),
          "In debug mode, warn about a task that keeps its worker longer than this between two "
          "awaits. 0 never warns.");
    visit(&self::inspect, "inspect",
          "Answer `jay ps PID` and `jay pstree PID`, if this user or root asks: each runtime has a thread for it. Debug "
          "mode answers without it.");
  }
};

}  // namespace jay
