// SPDX-License-Identifier: MIT
// What the parts of a runtime's I/O have in common: its configuration, and that sockets are closed at its end. Made before
// the reactor, so it stops after it.
#pragma once

#include <jay/detail/export.hpp>
#include <jay/detail/services.hpp>
#include <jay/io_config.hpp>

namespace jay::detail {

/// For service_key::make of what only a runtime makes: throws std::runtime_error, as this scheduler has no I/O.
[[noreturn]] JAY_API std::unique_ptr<service> made_by_a_runtime(scheduler& s);

class JAY_API io_resources final : public service {
 public:
  io_resources(scheduler& s, const io_config& config) : sched_(s), config_(config) {}
  static service_key key;

  const io_config& config() const noexcept { return config_; }

  /// No I/O thread runs any more. Closes the sockets that are left (writers that were still sending).
  void stop(ending& e) noexcept override;

 private:
  scheduler& sched_;
  const io_config config_;
};

}  // namespace jay::detail
