// SPDX-License-Identifier: MIT
// The C++20 memory model as the checker executes it.
//
// Each atomic location keeps the history of its stores in modification order. A load may return any store that
// coherence, happens-before and the order of the seq_cst operations allow; which one is a choice that the engine explores.
// Operations take effect in program order and a load sees only stores already made, so load buffering (out-of-thin-air
// and its harmless kin) is not explored, as in loom and Relacy. Modification order is the order of execution, unless
// stores may be reordered (`inserts`), where a store may also take any earlier place that coherence leaves open.
//
// The order S of the seq_cst operations and fences is their order of execution. [atomics.order]/4 forbids an operation
// later in S to be coherence-ordered before one earlier in S; here, per location:
//   sc_floor        the newest store known to the seq_cst operations and fences so far: seq_cst operations may not go below
//   floors of fence the sc_floors as a seq_cst fence found them: what the fence happens before may not go below
#pragma once
#include <atomic>
#include <cstdint>
#include <vector>

#include "clock.hpp"

namespace model {

constexpr bool acquires(std::memory_order o) {
  return o == std::memory_order_acquire || o == std::memory_order_consume || o == std::memory_order_acq_rel ||
         o == std::memory_order_seq_cst;
}
constexpr bool releases(std::memory_order o) {
  return o == std::memory_order_release || o == std::memory_order_acq_rel || o == std::memory_order_seq_cst;
}

struct store_record {
  std::uint64_t value = 0;
  std::uint64_t sequence = 0;                        // position in the order of execution of all stores
  vector_clock released;                             // what a load that acquires from this store synchronises with
  std::array<std::uint32_t, max_threads> seen_at{};  // when each thread first read or made it; 0: never
  std::uint32_t time = 0;
  int thread = -1;
  bool chained = false;  // made by a read-modify-write that read the record just before: nothing may come between
};

struct location {
  std::vector<store_record> history;
  std::array<std::uint32_t, max_threads> accessed_at{};  // each thread's last access
  const char* name = nullptr;
  int sc_floor = 0;
  int futex_floor = 0;  // the newest store known to the futex_wakes so far: the kernel's lock makes later waits see it
  int made_by = -1;
  std::uint32_t made_at = 0;
  bool destroyed = false;

  int newest() const { return static_cast<int>(history.size()) - 1; }
};

// One thread's view of memory.
struct memory_view {
  vector_clock now;         // happens before the thread's next event
  vector_clock unacquired;  // released by stores read without acquire: an acquire fence turns it into `now`
  vector_clock released;    // `now` at the last release fence: what relaxed stores release
  std::uint64_t fresh = 0;  // loads see stores up to this sequence number: raised when a spinner yields, for fairness
  int thread = -1;

  std::uint32_t time() const { return now.at[static_cast<std::size_t>(thread)]; }
  void tick() { ++now.at[static_cast<std::size_t>(thread)]; }
};

class memory {
 public:
  bool inserts = false;  // explore modification orders other than the order of execution

  void reset();
  int size() const { return count_; }
  location& at(int id) { return locations_[static_cast<std::size_t>(id)]; }
  int add(std::uint64_t value, const memory_view* maker);

  // The oldest record that a load or store of this view may still come next to, by coherence.
  int floor(const location& l, int id, const memory_view& v) const;
  void note_read(location& l, int index, memory_view& v, std::memory_order o);
  // Puts a record at `index` of the history, `chained` to its predecessor if it continues a release sequence.
  void put(location& l, int id, int index, std::uint64_t value, memory_view& v, std::memory_order o, bool chained);
  void fence(memory_view& v, std::memory_order o);

 private:
  std::vector<location> locations_;  // the first count_ are in use; the rest keep their capacity for the next execution
  std::vector<std::vector<int>> fence_floors_;
  int fence_count_ = 0;
  int count_ = 0;
  std::uint64_t sequence_ = 0;

 public:
  std::uint64_t stores_made() const { return sequence_; }
};

}  // namespace model
