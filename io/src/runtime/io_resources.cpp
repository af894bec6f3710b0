// SPDX-License-Identifier: MIT
#include <jay/detail/io_resources.hpp>

#include <stdexcept>

#include <jay/detail/fd_slot.hpp>

namespace jay::detail {

std::unique_ptr<service> made_by_a_runtime(scheduler&) {
  throw std::runtime_error("this scheduler has no I/O: use jay::run or jay::event_loop");
}

service_key io_resources::key{"io_resources", made_by_a_runtime};

void io_resources::stop(ending&) noexcept { fd_slot::shut_all(sched_); }

}  // namespace jay::detail
