// SPDX-License-Identifier: MIT
// How many CPUs this process may use: those of its affinity mask, within the CPU quota of its cgroup. A container with a
// quota of two CPUs on a machine of 64 sees 64 in every other place.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <jay/detail/export.hpp>

namespace jay {
struct scheduler_config;
}

namespace jay::detail {

/// The CPUs that the calling thread may run on, ascending; empty if the kernel does not tell.
JAY_API std::vector<unsigned> allowed_cpus();

/// The CPU quota of this process's cgroup, in CPUs (1.5 is one and a half): the smallest one on the way up to the root of
/// the hierarchy, cgroup v1 and v2 alike. 0 where there is none, or nothing that can be read. `root` is the directory
/// below which /proc and /sys are looked for; tests give their own.
JAY_API double cgroup_cpu_quota(const std::string& root = "");

/// The smaller of `allowed` and the quota rounded up (0: no quota), at least 1.
[[nodiscard]] JAY_API std::size_t cpus_within(std::size_t allowed, double quota) noexcept;

/// How many CPUs' worth of work this process can do at once: at least 1.
JAY_API std::size_t usable_cpus();

/// How many workers a scheduler made with this configuration has: 1 for order = "asyncio", usable_cpus() for workers = 0.
JAY_API std::size_t worker_count(const scheduler_config& config);

}  // namespace jay::detail
