// SPDX-License-Identifier: MIT
#pragma once

// The [scheduler] and [debug] tables: what a scheduler is made with. Plain values; nobody here opens a file.

#include <cstdint>
#include <string_view>

#include <jay/detail/config_fields.hpp>

namespace jay {

// What runs first when a task forks.
enum class order : std::uint8_t { depth, asyncio };

// How much one steal takes from its victim's deque.
enum class steal_policy : std::uint8_t { one, half };

// Who pays for the ordering between a deque's owner and its thieves.
enum class fence_policy : std::uint8_t { automatic, asymmetric, full };

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

  bool operator==(const scheduler_config&) const = default;

  template <class Visit>
  static constexpr void fields(Visit&& visit) {
    using self = scheduler_config;
    visit(detail::whole("workers", &self::workers, 0, 1024, "",
                        "Worker threads. 0: as many as the process may use, which is the allowed CPUs within the "
                        "cgroup's CPU quota. With order = \"asyncio\" there is always one."));
    visit(detail::choice("order", &self::order,
                         "\"depth\" runs forks depth-first and lets idle workers steal; \"asyncio\" is one worker, "
                         "first in first out, in exactly asyncio's order."));
    visit(detail::flag("affinity", &self::affinity,
                       "Pin each worker to one CPU. Helps a machine that runs nothing else, hurts any other."));
    visit(detail::flag("time_slices", &self::time_slices,
                       "Ask the kernel (Linux 6.12 or later) for long time slices for workers and short ones for I/O "
                       "threads, so that an I/O thread that wakes up goes before a worker that computes."));
    visit(detail::whole("spin", &self::spin, 0, 10000, "us",
                        "How long an idle worker searches for work before it sleeps. More answers a burst sooner "
                        "and burns more CPU between bursts."));
    visit(detail::choice("steal", &self::steal,
                         "What a thief takes from a victim: its oldest job (\"one\") or half of its jobs (\"half\")."));
    visit(detail::choice("fence", &self::fence,
                         "Who pays for ordering in the deques. \"asymmetric\": only thieves, by membarrier(2); "
                         "\"full\": every pop; \"auto\": asymmetric where the kernel offers it."));
    visit(detail::whole("frame_cache", &self::frame_cache, 0, 65536, "",
                        "Coroutine frames that a worker keeps for reuse, per size class. At least 2 are kept."));
    visit(detail::whole("frames_kept", &self::frames_kept, 0, 1048576, "",
                        "MiB of free coroutine frames that are kept, beside what the workers keep. More goes back to the "
                        "system when nobody has wanted it for one to two seconds. The process has one such limit: the "
                        "last runtime to begin sets it."));
  }
};

struct debug_config {
  bool enabled = false;
  std::uint32_t slow_step = 100;  // milliseconds

  bool operator==(const debug_config&) const = default;

  template <class Visit>
  static constexpr void fields(Visit&& visit) {
    using self = debug_config;
    visit(detail::flag("enabled", &self::enabled,
                       "Debug mode: warns about slow steps and coroutines that were never awaited, and checks for "
                       "use from the wrong thread. JAY_DEBUG=1 is short for it."));
    visit(detail::whole("slow_step", &self::slow_step, 0, 3600000, "ms",
                        "In debug mode, warn about a task that keeps its worker longer than this between two "
                        "awaits. 0 never warns."));
  }
};

}  // namespace jay
