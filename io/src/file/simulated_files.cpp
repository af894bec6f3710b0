// SPDX-License-Identifier: MIT
#include "file/simulated_files.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>
#include <utility>

#include <jay/create_task.hpp>
#include <jay/detail/assert.hpp>
#include <jay/detail/io_resources.hpp>

#include "errors.hpp"
#include "net/simulated_network.hpp"

namespace jay::detail {

// With a lock of the timers held: what it stands for comes when that is free.
simulated_files::call::call(simulated_files& on, file_operation& o, simulated_file* f) noexcept : files(on), op(o), file(f) {
  fire = [](timer& t, ready_list& out) noexcept { out.defer(static_cast<call&>(t)); };
  run = [](deferred& d) noexcept {
    call& c = static_cast<call&>(d);
    c.files.take_effect(c);
  };
}

simulated_files::simulated_files(timers& clock, std::uint64_t seed, const file_settings& settings)
    : clock_(clock), settings_(settings), random_(seed, 0x6a61792d66696c65ull), disk_(settings) {}

// ---- when ----

void simulated_files::arm(call& c) {
  JAY_DEBUG_ASSERT(mutex_.is_locked());
  c.deadline = clock_.now() + random_.between(settings_.lowest, settings_.highest);
  clock_.add(c);
}

void simulated_files::start(file_operation& op, simulated_file* f) {
  spin_guard g(mutex_);
  if (stopped_) throw_error(EBADF, "simulated files: the run is over");
  const auto [at, added] = calls_.try_emplace(&op, *this, op, f);
  JAY_DEBUG_ASSERT(added);
  try {
    arm(at->second);
  } catch (...) {
    calls_.erase(at);
    throw;
  }
}

// By the worker: the call's time is over.
void simulated_files::take_effect(call& c) noexcept {
  file_operation& op = c.op;
  {
    spin_guard g(mutex_);
    try {
      if (!op.advance(result_of(c))) {
        arm(c);
        return;
      }
    } catch (const std::bad_alloc&) {
      fatal("out of memory: there is no room for the simulated files");
    }
    calls_.erase(&op);
  }
  op.finished(nullptr);
}

void simulated_files::cancel(file_operation& op) noexcept {
  op.cancel_wanted.store(true, std::memory_order_relaxed);  // relaxed: looked at by the worker, between two calls
  {
    spin_guard g(mutex_);
    const auto at = calls_.find(&op);
    if (at == calls_.end() || random_.chance(0.5)) return;  // it has ended, or ends when it is due
    if (!clock_.remove(at->second)) return;                 // it is due
    calls_.erase(at);
  }
  op.result = -ECANCELED;
  op.finished(nullptr);
}

// ---- what ----

std::int64_t simulated_files::result_of(const call& c) {
  const file_operation& op = c.op;
  if (!c.file) return open(op);
  simulated_file& f = *c.file;
  if (f.losses_before_ != disk_.losses()) return -EIO;
  if (op.call != file_call::sync) return transfer(op, f);
  if (random_.chance(settings_.errors)) return -EIO;
  disk_.sync(*f.node_);
  return 0;
}

std::int64_t simulated_files::open(const file_operation& op) {
  disk_node_ptr node;
  if (const int e = disk_.open(op.path, op.flags, op.mode, node); e != 0) return -e;
  *op.opened = std::make_unique<simulated_file>(shared_from_this(), std::move(node), op.flags, disk_.losses());
  return 0;
}

std::int64_t simulated_files::transfer(const file_operation& op, simulated_file& f) {
  const bool reads = op.call == file_call::read;
  const std::uint64_t at = op.file_offset();
  disk_node& node = *f.node_;
  if (at > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return -EINVAL;
  if ((f.flags_ & O_ACCMODE) == (reads ? O_WRONLY : O_RDONLY)) return -EBADF;
  if (node.is_directory) return -EISDIR;
  if (random_.chance(settings_.errors)) return -EIO;
  std::size_t size = op.size - op.done;
  if (reads) size = at < node.bytes.size() ? std::min(size, node.bytes.size() - static_cast<std::size_t>(at)) : 0;
  if (size > 1 && random_.chance(reads ? settings_.short_reads : settings_.short_writes)) size = random_.part_of(size);
  std::byte* const data = op.data + op.done;
  if (!reads)
    return disk_.write(node, {reinterpret_cast<const char*>(data), size}, f.flags_ & O_APPEND ? node.bytes.size() : at);
  if (size != 0) std::memcpy(data, node.bytes.data() + at, size);
  return static_cast<std::int64_t>(size);
}

std::uint64_t simulated_files::size_of(const disk_node& f) noexcept {
  spin_guard g(mutex_);
  return f.is_directory ? 4096 : f.bytes.size();
}

void simulated_files::lose_unsynced() {
  spin_guard g(mutex_);
  disk_.lose_unsynced(random_);
}

void simulated_files::stop() noexcept {
  spin_guard g(mutex_);
  JAY_DEBUG_ASSERT(calls_.empty());  // tasks make them, and all have ended
  stopped_ = true;
}

// ---- machines ----

service_key files_service::key{"simulated_files", made_by_a_runtime};

files_service::files_service(scheduler& s, std::uint64_t seed, const file_settings& settings)
    : clock_(reactor_of(s).clock()), seed_(seed), settings_(settings) {
  if (!settings.entries.empty()) simulated_disk can_be(settings);
}

simulated_files& files_service::here() {
  std::string machine = current_machine();
  std::lock_guard g(mutex_);
  auto& there = machines_[std::move(machine)];
  if (!there) there = std::make_shared<simulated_files>(clock_, seed_ + machines_.size(), settings_);
  return *there;
}

void files_service::stop(ending&) noexcept {
  std::lock_guard g(mutex_);
  for (auto& [name, files] : machines_) files->stop();
}

}  // namespace jay::detail

namespace jay::testing {

file_options& file_options::latency(std::chrono::nanoseconds lowest, std::chrono::nanoseconds highest) {
  detail::check_latency(lowest, highest, "file_options");
  settings_.lowest = lowest;
  settings_.highest = highest;
  return *this;
}
file_options& file_options::short_reads(double p) {
  settings_.short_reads = detail::checked_probability(p, "file_options: short_reads");
  return *this;
}
file_options& file_options::short_writes(double p) {
  settings_.short_writes = detail::checked_probability(p, "file_options: short_writes");
  return *this;
}
file_options& file_options::errors(double p) {
  settings_.errors = detail::checked_probability(p, "file_options: errors");
  return *this;
}
file_options& file_options::capacity(std::uint64_t bytes) {
  settings_.capacity = bytes;
  return *this;
}
file_options& file_options::file(std::string path, std::string contents, std::uint32_t permissions) {
  settings_.entries.push_back({std::move(path), std::move(contents), permissions, false});
  return *this;
}
file_options& file_options::directory(std::string path) {
  settings_.entries.push_back({std::move(path), {}, 0755, true});
  return *this;
}

void lose_unsynced() {
  detail::reactor& r = detail::reactor_of(detail::require_scheduler("lose_unsynced"));
  if (!r.simulated()) throw std::runtime_error("lose_unsynced: only the files of jay::testing::run can be lost");
  detail::files_of(r).lose_unsynced();
}

}  // namespace jay::testing
