// SPDX-License-Identifier: MIT
// progress: how far the work has come. While directories are still being listed the whole is not known, and only counts
// are shown; after that a percentage. Neither ever goes backwards.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include <jay/jay.hpp>

#include "console.hpp"

namespace tree_hash {

/// Any thread.
class progress {
 public:
  /// More listings have begun. Before the last of them ends, all that it found is counted.
  void begin_listing(std::uint64_t n) noexcept { listing_.fetch_add(n, std::memory_order_relaxed); }  // only the end orders
  void end_listing() noexcept { listing_.fetch_sub(1, std::memory_order_release); }                  // read in line()
  void found(std::uint64_t size) noexcept {
    add(found_bytes_, size);
    add(found_files_, 1);
  }

  /// One file that is being read: it counts for as much as was found, whether it has grown, shrunk or failed since.
  class file {
   public:
    file(progress& p, std::uint64_t size) noexcept : progress_(p), left_(size) {}
    file(const file&) = delete;
    ~file() {
      add(progress_.done_bytes_, left_);
      add(progress_.done_files_, 1);
    }
    void read(std::uint64_t n) noexcept {
      add(progress_.read_bytes_, n);
      n = std::min(n, left_);
      left_ -= n;
      add(progress_.done_bytes_, n);
    }

   private:
    progress& progress_;
    std::uint64_t left_;
  };

  /// Draws the line again and again, until it is cancelled.
  jay::task<> show(console& out);
  std::string line() const;
  /// "12 files, 3456 bytes, 0.123 s"
  std::string summary() const;

 private:
  using counter = std::atomic<std::uint64_t>;
  // What is counted is only shown, and every number by itself: relaxed.
  static void add(counter& c, std::uint64_t n) noexcept { c.fetch_add(n, std::memory_order_relaxed); }
  static std::uint64_t value(const counter& c) noexcept { return c.load(std::memory_order_relaxed); }
  double seconds() const;

  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  counter listing_{1};  // the operands themselves: no percentage before they are known
  counter found_files_{0}, found_bytes_{0}, done_files_{0}, done_bytes_{0}, read_bytes_{0};
};

}  // namespace tree_hash
