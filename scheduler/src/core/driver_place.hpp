// SPDX-License-Identifier: MIT
// Where a scheduler has its driver, and how that is taken away while others may be inside it.
//
//   who uses it                          who takes it away
//   [H1] counts itself in users_         [H1] writes null to place_
//   [H1] reads place_                    [H1] reads users_, again and again, until nobody is counted
//   uses what it has read
//   [H2] is counted no more              [H2] the old one may go
//
// The four of [H1] are seq_cst: either who uses it reads null, or who takes it away finds it counted. [H2]: what the user did
// comes before what is done to the old one then. A worker may be asleep inside the old one, so that is interrupted meanwhile.
//
// Here as the scheduler uses it and as tests/model checks it.
#pragma once

#include <cstdint>

#include <jay/detail/sync.hpp>

namespace jay::detail {

template <class Driver>
class basic_driver_place {
 public:
  /// As long as it lives, what get() gives does not go.
  class use {
   public:
    explicit use(basic_driver_place& p) noexcept : p_(p) { p_.users_.fetch_add(1, std::memory_order_seq_cst); }  // [H1]
    use(const use&) = delete;
    ~use() { p_.users_.fetch_sub(1, std::memory_order_release); }  // [H2]
    /// Null: there is none (any more).
    Driver* get() const noexcept { return p_.place_.load(std::memory_order_seq_cst); }  // [H1]

   private:
    basic_driver_place& p_;
  };

  /// For who knows that it does not go meanwhile. acquire: what it is, with set
  Driver* peek() const noexcept { return place_.load(std::memory_order_acquire); }

  /// Null: takes it away. When it returns nobody is inside the old one, nor ever will be.
  void set(Driver* d) noexcept {
    Driver* const old = place_.exchange(d, std::memory_order_seq_cst);      // [H1]; release: with peek
    while (old && users_.load(std::memory_order_seq_cst) != 0) {  // [H1] [H2]
      old->interrupt();
      thread_yield();
    }
  }

 private:
  atomic<Driver*> place_{nullptr};
  atomic<std::uint32_t> users_{0};
};

}  // namespace jay::detail
