// SPDX-License-Identifier: MIT
// File operations by the blocking pool: where io_uring is not to be had, and those that it gives up.
#pragma once

#include <jay/detail/file_operation.hpp>

namespace jay {
class scheduler;
}

namespace jay::detail {

/// The operation's system calls on a thread of the pool. Throws as blocking_pool::submit, with nothing begun.
void run_in_pool(scheduler& s, file_operation& op);

}  // namespace jay::detail
