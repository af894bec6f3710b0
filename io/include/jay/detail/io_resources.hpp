// SPDX-License-Identifier: MIT
// What of a runtime's I/O its reactor names and must not outlive: declared before the reactor, so destroyed after it.
#pragma once

#include <memory>
#include <mutex>

#include <jay/detail/export.hpp>
#include <jay/detail/sync.hpp>
#include <jay/io_config.hpp>

namespace jay {
class scheduler;
}

namespace jay::detail {

class file_engine;

class JAY_API io_resources {
 public:
  io_resources(scheduler& s, const io_config& config);
  io_resources(const io_resources&) = delete;
  /// No thread runs any more. Closes the sockets that are left (writers that were still sending).
  ~io_resources();

  const io_config& config() const noexcept { return config_; }

  /// Made at the first use, so that a program without files does not pay for it.
  file_engine& files();
  /// Whether the kernel has an operation on a file.
  bool busy() const noexcept;

 private:
  scheduler& sched_;
  const io_config config_;
  std::once_flag made_;
  std::unique_ptr<file_engine> files_;
  atomic<file_engine*> made_files_{nullptr};  // [F1] for who must not make it
};

/// Those of the runtime that s belongs to.
JAY_API io_resources& io_resources_of(scheduler& s);

}  // namespace jay::detail
