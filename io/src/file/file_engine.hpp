// SPDX-License-Identifier: MIT
// Who carries out file operations that cannot be done at once: io_uring where the kernel allows it (found out by trying,
// at the first use), the blocking pool otherwise.
#pragma once

#include <memory>

#include <jay/detail/file_operation.hpp>
#include <jay/detail/services.hpp>

namespace jay::detail {

class uring;

/// Made at the first use, so that a program without files does not pay for it.
class file_engine final : public service, public file_carrier {
 public:
  explicit file_engine(scheduler& s);
  /// The reactor has stopped: no event names the ring any more.
  ~file_engine() override;
  static service_key key;

  void start(file_operation& op) override;
  void cancel(file_operation& op) noexcept override;
  /// Whether the ring has an operation; the pool counts its own.
  bool busy() const noexcept;
  bool uses_uring() const noexcept { return ring_ != nullptr; }

 private:
  scheduler& sched_;
  std::unique_ptr<uring> ring_;
};

}  // namespace jay::detail
