// SPDX-License-Identifier: MIT
// The work-stealing deque: its owner pushes and pops at the bottom, thieves take the oldest from the top.
//
// D. Chase, Y. Lev: Dynamic Circular Work-Stealing Deque, SPAA 2005; the orders follow N. M. Le, A. Pop, A. Cohen,
// F. Zappa Nardelli: Correct and Efficient Work-Stealing for Weak Memory Models, PPoPP 2013, with the owner's fence made
// asymmetric (sync.hpp).
//
// The race that must not be lost: one job left at index i; the owner takes it without a CAS while a thief takes it too.
//   owner (pop):   [O1] bottom := i      light fence   [O2] read top
//   thief (steal): [T1] read top = i     heavy fence   [T2] read bottom   [T3] CAS top i -> i+1
// The heavy fence falls either after O1 is visible, then T2 reads bottom = i and the thief goes away, or before O2, then
// O2 reads top >= i and the owner goes through the CAS as well (pop_last). So at most one of them skips the CAS.
// Indices are 64 bits and never reused. A buffer that was outgrown is kept until the end, as a thief may still read it;
// what it reads is right, because the CAS on top fails if index i was taken meanwhile. Its memory may become zeros at any
// time (for_each_unused): a thief that reads none of a job there goes away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include <jay/detail/job.hpp>
#include <jay/detail/sync.hpp>

namespace jay::detail {

class deque {
 public:
  // relaxed: no other thread is there yet
  explicit deque(std::size_t capacity = 1024) : ring_(new ring(capacity, nullptr)) { use(*ring_.load(relaxed)); }
  deque(const deque&) = delete;
  ~deque() {  // relaxed: no other thread is left
    for (ring* r = ring_.load(relaxed); r;) delete std::exchange(r, r->outgrown);
  }

  // ---- owner only ----

  /// False: it is full, perhaps: push looks closer.
  bool try_push(job* j) noexcept {
    std::uint64_t b = bottom_.load(relaxed);  // relaxed: only the owner writes it
    if (b + 1 - top_seen_ > mask_) [[unlikely]] return false;
    put(b, j);
    publish(b + 1);
    return true;
  }
  /// False: there is no room, and no memory for more.
  bool push(job* j) noexcept { return try_push(j) || (grow(bottom_.load(relaxed), 1) && try_push(j)); }  // relaxed: as above

  /// Room for n more; gives the index of the first. Throws std::bad_alloc with nothing changed.
  std::uint64_t reserve(std::size_t n) {
    std::uint64_t b = bottom_.load(relaxed);  // relaxed: only the owner writes it
    if (b + n - top_seen_ > mask_ && !grow(b, n)) [[unlikely]] throw std::bad_alloc();
    return b;
  }
  void put(std::uint64_t i, job* j) noexcept { at(i).store(j, relaxed); }  // relaxed: publish releases
  /// n jobs from index i on, the last one first.
  void put_backwards(std::uint64_t i, job* const* jobs, std::size_t n) noexcept {  // relaxed: publish releases
    atomic<job*>* cells = cells_;
    std::size_t mask = mask_;
    while (n > 0) cells[i++ & mask].store(jobs[--n], relaxed);
  }
  void publish(std::uint64_t b) noexcept {
    bottom_.store(b, asym_store);  // [D1] release: what the jobs point to; with [D1] in steal
  }

  /// The youngest, or null.
  job* pop() noexcept {
    std::uint64_t b = bottom_.load(relaxed) - 1;  // relaxed: only the owner writes it, and the cells
    bottom_.store(b, asym_store);  // [O1]; [D1] release as well, as a thief may take its bottom from here
    asymmetric_light();
    std::uint64_t t = top_.load(asym_load);  // [O2]; acquire: with the CAS [T3]
    // relaxed: only the owner writes the cells
    if (static_cast<std::int64_t>(b - t) > 0) [[likely]] return at(b).load(relaxed);
    return pop_last(b, t);
  }

  /// The oldest, or null: for the owner that wants first in, first out.
  job* pop_oldest() noexcept {
    for (;;) {
      std::uint64_t t = top_.load(std::memory_order_acquire);  // [D2] acquire: with the CAS of who took the one before
      // relaxed: only the owner writes bottom and the cells
      if (static_cast<std::int64_t>(bottom_.load(relaxed) - t) <= 0) return nullptr;
      job* j = at(t).load(relaxed);
      // [T3] seq_cst: as a thief's; one of the two gets it
      if (top_.compare_exchange_strong(t, t + 1, std::memory_order_seq_cst, relaxed)) return j;
    }
  }

  /// Calls f(memory, bytes) for what holds no job that is still to be taken: it may be filled with zeros.
  template <class F>
  void for_each_unused(F f) {
    ring* r = ring_.load(relaxed);  // relaxed: only the owner writes it
    if (empty()) f(static_cast<void*>(r->cells.get()), (r->mask + 1) * sizeof(r->cells[0]));
    while ((r = r->outgrown)) f(static_cast<void*>(r->cells.get()), (r->mask + 1) * sizeof(r->cells[0]));
  }

  /// The index of the oldest: the same as long as that stands here.
  std::uint64_t oldest() const noexcept { return top_.load(relaxed); }  // relaxed: only compared

  // ---- any thread ----

  /// Moves with each push and pop.
  std::uint64_t youngest() const noexcept { return bottom_.load(relaxed); }  // relaxed: only compared

  /// The oldest; null when empty or when another thread was faster.
  job* steal() noexcept {
    std::uint64_t t = top_.load(asym_load);  // [T1]; [D2] acquire: with the CAS
    if (static_cast<std::int64_t>(bottom_.load(asym_load) - t) <= 0) return nullptr;  // nothing to pay a fence for
    asymmetric_heavy();                         // with the light one between [O1] and [O2]
    std::uint64_t b = bottom_.load(asym_load);  // [T2]; [D1] acquire: with [D1] in publish
    if (static_cast<std::int64_t>(b - t) <= 0) return nullptr;
    ring* r = ring_.load(std::memory_order_acquire);  // [D3] acquire: with [D3] in grow
    job* j = r->at(t).load(relaxed);                  // relaxed: ordered by [D1]; the CAS says whether it still counts
    if (!j) [[unlikely]] return nullptr;              // an outgrown ring whose memory was given back
    if (!top_.compare_exchange_strong(t, t + 1, std::memory_order_seq_cst, relaxed)) return nullptr;  // [T3] [D2]
    return j;
  }

  /// A hint, exact for a thread that has made itself known as idle and passed a heavy fence (idle.hpp).
  bool empty() const noexcept { return size() == 0; }
  std::size_t size() const noexcept {
    // [D1], [D2]; for who passed a heavy fence, as [T2]
    std::uint64_t t = top_.load(asym_load);
    auto n = static_cast<std::int64_t>(bottom_.load(asym_load) - t);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }

 private:
  static constexpr std::memory_order relaxed = std::memory_order_relaxed;

  struct ring {
    ring(std::size_t capacity, ring* old) : mask(capacity - 1), outgrown(old), cells(new atomic<job*>[capacity]) {}
    atomic<job*>& at(std::uint64_t i) noexcept { return cells[i & mask]; }
    std::size_t mask;
    ring* outgrown;
    std::unique_ptr<atomic<job*>[]> cells;
  };

  // index b was the last one, or there was none
  [[gnu::noinline]] job* pop_last(std::uint64_t b, std::uint64_t t) noexcept {
    job* j = nullptr;
    if (b == t) {
      j = at(b).load(relaxed);  // relaxed: only the owner writes the cells
      // [T3] seq_cst: as a thief's; one of the two gets it
      if (!top_.compare_exchange_strong(t, t + 1, std::memory_order_seq_cst, relaxed)) j = nullptr;
    }
    bottom_.store(b + 1, std::memory_order_release);  // release, not relaxed: a thief may read bottom from here [D1]
    return j;
  }

  // relaxed: only the owner writes ring and cells; [D3] releases the new ones
  [[gnu::noinline]] bool grow(std::uint64_t b, std::size_t n) noexcept {
    top_seen_ = top_.load(std::memory_order_acquire);  // [D2] acquire: the thieves have read what is written over
    std::size_t capacity = mask_ + 1;
    if (b + n - top_seen_ < capacity) return true;
    while (b + n - top_seen_ >= capacity) capacity *= 2;
    ring* r;
    try {
      r = new ring(capacity, ring_.load(relaxed));
    } catch (const std::bad_alloc&) {
      return false;
    }
    for (std::uint64_t i = top_seen_; i != b; ++i) r->at(i).store(at(i).load(relaxed), relaxed);
    use(*r);
    ring_.store(r, std::memory_order_release);  // [D3] release: the copied cells; with [D3] in steal
    return true;
  }

  atomic<job*>& at(std::uint64_t i) noexcept { return cells_[i & mask_]; }
  void use(ring& r) noexcept {
    cells_ = r.cells.get();
    mask_ = r.mask;
  }

  alignas(64) atomic<std::uint64_t> bottom_{1};
  std::uint64_t top_seen_ = 1;  // some earlier top: enough to know that there is room
  atomic<job*>* cells_;         // the ring's, for the owner
  std::size_t mask_;
  atomic<ring*> ring_;
  alignas(64) atomic<std::uint64_t> top_{1};
};

}  // namespace jay::detail
