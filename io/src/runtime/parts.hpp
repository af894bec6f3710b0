// SPDX-License-Identifier: MIT
// What a runtime owns, and the end of its connections.
#pragma once

#include <chrono>
#include <optional>

#include <jay/detail/blocking_pool.hpp>
#include <jay/detail/io_resources.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/runtime.hpp>

#include "inspector.hpp"
#include "interrupt.hpp"

namespace jay {

struct runtime::parts {
  explicit parts(const jay::config& c)
      : config(c),
        scheduler(config.scheduler, config.debug),
        resources(detail::make_service<detail::io_resources>(scheduler, config.io)),
        reactor(detail::make_service<detail::reactor>(scheduler, config.io)),
        blocking(detail::make_service<detail::blocking_pool>(scheduler, config.io)) {}

  const jay::config config;
  jay::scheduler scheduler;
  // The services that every runtime starts with. Their ends, last made first:
  //   (those of a first use)  stop before all of these, in the reverse order of their making
  //   blocking_pool           waits for the calls that have begun, with a deadline
  //   reactor                 ends the I/O threads
  //   io_resources            closes the sockets that are left
  detail::io_resources& resources;
  detail::reactor& reactor;
  detail::blocking_pool& blocking;

  std::optional<detail::inspector> inspector;        // until no task is left
  std::optional<detail::interrupt_watch> interrupts;  // from the beginning of jay::run, or of the end, to the end
  bool main_was_told = false;  // of a SIGINT
  bool said = false;           // what the end waits for
  parts* next_left = nullptr;  // of those that the child of a fork lets be
};

namespace detail {

/// How often is looked for a SIGINT, and for connections that get on no further, while a run ends.
inline constexpr std::chrono::milliseconds end_step = ending::step;
inline constexpr int looks_per_cut = 3;

/// From the moment a run is to end, a connection that is closing and whose peer takes nothing for a second is cut, and
/// each at io.shutdown_timeout.
void cut_stalled(runtime::parts& p, std::chrono::steady_clock::time_point begun);

}  // namespace detail
}  // namespace jay
