// SPDX-License-Identifier: MIT
// The files of one machine in jay::testing::run: when an operation on them does what, and what the seed draws. What stands on
// the disk is simulated_disk.hpp's.
//
// An operation is a row of calls, as with the kernel: open and fsync make one, a read or a write one more after each that did
// only a part (file_operation::advance says whether). Each call takes a while that the seed draws, for which a timer stands.
// What it does, it does at once when that is over. So operations that are under way together overtake each other, and one
// comes between two calls of another.
//
// A cancel finds a call that has begun or one that has not, as the seed draws. One that has not is taken back, and the
// operation ends at once. Otherwise the operation ends when the call does, as with the kernel.
//
// One lock guards the files of a machine. There is one worker, so nobody waits for it; but a blocking call may close a file.
// Nothing is finished while it is held. Lock order: this one -> a shard of the timers.
//
// An open file keeps the files of its machine. It may be there when the run has ended; then every operation says EBADF.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include <jay/detail/file_operation.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/detail/services.hpp>
#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/timers.hpp>
#include <jay/testing_files.hpp>

#include "event/draws.hpp"
#include "file/simulated_disk.hpp"

namespace jay::detail {

class simulated_file;

class simulated_files final : public file_carrier, public std::enable_shared_from_this<simulated_files> {
 public:
  simulated_files(timers& clock, std::uint64_t seed, const file_settings& settings);

  /// An open.
  void start(file_operation& op) override { start(op, nullptr); }
  void cancel(file_operation& op) noexcept override;
  void start(file_operation& op, simulated_file* f);

  std::uint64_t size_of(const disk_node& f) noexcept;
  void lose_unsynced();
  /// The run is over.
  void stop() noexcept;

 private:
  struct call : timer, deferred {
    call(simulated_files& on, file_operation& o, simulated_file* f) noexcept;
    simulated_files& files;
    file_operation& op;
    simulated_file* const file;  // null: an open
  };

  void take_effect(call& c) noexcept;
  // With the lock held.
  void arm(call& c);
  std::int64_t result_of(const call& c);
  std::int64_t open(const file_operation& op);
  std::int64_t transfer(const file_operation& op, simulated_file& f);

  timers& clock_;  // while it has not stopped
  const file_settings settings_;
  spin_mutex mutex_;  // guards what follows, and the nodes of the disk
  draws random_;
  simulated_disk disk_;
  std::unordered_map<file_operation*, call> calls_;  // one for each operation that is under way
  bool stopped_ = false;
};

/// One that is open.
class simulated_file final : public file_carrier {
 public:
  simulated_file(std::shared_ptr<simulated_files> on, disk_node_ptr node, int flags, std::uint32_t losses) noexcept
      : files_(std::move(on)), node_(std::move(node)), flags_(flags), losses_before_(losses) {}

  void start(file_operation& op) override { files_->start(op, this); }
  void cancel(file_operation& op) noexcept override { files_->cancel(op); }
  std::uint64_t size() const noexcept { return files_->size_of(*node_); }

 private:
  friend class simulated_files;
  const std::shared_ptr<simulated_files> files_;
  const disk_node_ptr node_;
  const int flags_;
  const std::uint32_t losses_before_;
};

/// The files of all machines of a run.
class files_service final : public service {
 public:
  files_service(scheduler& s, std::uint64_t seed, const file_settings& settings);
  static service_key key;
  void stop(ending&) noexcept override;
  /// Those of the machine that the current task is on.
  simulated_files& here();

 private:
  timers& clock_;
  const std::uint64_t seed_;
  const file_settings settings_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<simulated_files>> machines_;
};

/// Where time is simulated, files are.
inline simulated_files& files_of(reactor& r) { return service_of<files_service>(r.sched()).here(); }

}  // namespace jay::detail
