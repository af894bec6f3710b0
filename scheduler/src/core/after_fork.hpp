// SPDX-License-Identifier: MIT
// fork() copies one thread. In the child a runtime has no workers: what would use it is told so.
#pragma once

namespace jay::detail {

/// Installs the fork handler, once per process.
void watch_forks() noexcept;
/// In the child of a fork: nothing of what was there is known any more.
void forget_live_schedulers() noexcept;
/// This process is a fork of one that had a runtime, made while a task was running.
bool in_forked_child() noexcept;

}  // namespace jay::detail
