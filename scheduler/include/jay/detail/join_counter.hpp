// SPDX-License-Identifier: MIT
// How many children of a gather are still to finish, without an atomic operation as long as one worker runs them all.
//
// While the counter is *open*, the worker that opened it (the owner) counts the children that finish on it in a plain
// integer, and whoever stole one subtracts it from `remote`, which starts at 0. When the owner cannot go on alone (its
// deque has no sibling left, or what it runs suspends) it *closes* the counter: it adds to `remote` what it has not
// counted itself. From then on everybody uses `remote`, whose sum is the number of unfinished children; the party that
// brings it to 0 resumes the parent. Before the close `remote` is negative or 0 and no subtraction can bring it to 0, so
// nobody resumes the parent too early; after it, exactly one operation does.
// The owner may count alone only while one of the children is running on it: else nobody would close.
#pragma once

#include <cstdint>

#include <jay/detail/assert.hpp>
#include <jay/detail/sync.hpp>

namespace jay::detail {

class join_counter {
 public:
  void open(void* owner, std::uint32_t n) noexcept {
    // relaxed: the children learn of it through the deque
    owner_.store(owner, std::memory_order_relaxed);
    finished_ = 0;
    count_ = n;
    remote_.store(0, std::memory_order_relaxed);  // relaxed: as above
  }
  void open_shared(std::uint32_t n) noexcept {
    owner_.store(nullptr, std::memory_order_relaxed);
    finished_ = 0;
    count_ = n;
    remote_.store(static_cast<std::int32_t>(n), std::memory_order_relaxed);  // relaxed: the children are queued after it
  }

  /// relaxed: only the owner ever finds itself there, and it wrote the value.
  bool owned_by(void* me) const noexcept { return owner_.load(std::memory_order_relaxed) == me; }

  // ---- the owner, while open; true: all have finished, resume the parent ----

  bool finish_owned() noexcept {
    JAY_DEBUG_ASSERT(finished_ < count_);
    return ++finished_ == count_;
  }
  bool close() noexcept {
    JAY_DEBUG_ASSERT(finished_ <= count_);
    std::int32_t rest = static_cast<std::int32_t>(count_ - finished_);
    owner_.store(nullptr, std::memory_order_relaxed);
    // [J1] acq_rel: every party's results, to the one that resumes the parent
    return remote_.fetch_add(rest, std::memory_order_acq_rel) + rest == 0;
  }

  // ---- anybody else, or once closed ----

  bool finish_shared() noexcept { return remote_.fetch_sub(1, std::memory_order_acq_rel) == 1; }  // [J1]

 private:
  atomic<void*> owner_;  // relaxed: only the owner ever finds itself there, and it wrote the value
  plain<std::uint32_t> finished_;
  plain<std::uint32_t> count_;
  atomic<std::int32_t> remote_;
};

}  // namespace jay::detail
