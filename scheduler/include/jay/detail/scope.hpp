// SPDX-License-Identifier: MIT
// What a cancel is aimed at. Every coroutine points to one scope, inherited down the await chain: that of its task, or
// that of a timeout inside it.
//
// A scope has strands: the root strand (the task's own chain of awaits) and, while the root is suspended in a gather,
// the forked strands below it (children of that gather, and of gathers in them). A coroutine knows which kind it is by
// the `forked` bit in its context word.
//
// * The root strand's suspensions go through `word` (cancel_word.hpp) and cost nothing else.
// * A forked strand's suspension has a word of its own and stands in `suspended`, so that a cancel finds it.
// * A forked strand that runs while a cancel comes learns of it later, from `generation`: 0 means that nothing has
//   happened since the scope last had one strand only, and is all that the fast path looks at. Otherwise the strand is
//   due a cancel if a number above it is larger than the last it has `seen`: `cancel_generation` (the whole scope was
//   cancelled), or `failed_generation` of a join above it (a sibling has failed). So every strand is told once per
//   cancel, as asyncio tells a task once (edge-triggered). What comes before it has gone on is told with the first.
// * The root strand, when it goes on after a gather, is the only strand: it sets `generation` back to 0.
//
// A cancel has one of two triggers. `edge` is asyncio's: told once, as above. `level` is a cancel_scope's: the scope is
// marked, and from then on each suspension inside is told. Nothing on a fast path knows of it. The root strand's word stays
// pending: whoever takes that cancel puts it back (still_due, take_cancel), so that the next suspension fails to arm. A forked
// strand finds `generation` set, and then the mark. What is told of a level goes on waiting only where it has to
// (waiter::told_level), and an inner scope is told of the levels around it when it opens. `edge_due` says that what is
// pending beside a level is also of the other kind: that one passes a shield, and is told once.
//
// Lock order: resource (a lock, a queue, a timer shard) -> scope. Nothing is called with a scope's lock held but the
// scheduler's queues.
#pragma once

#include <cstdint>
#include <string>

#include <jay/detail/cancel_word.hpp>
#include <jay/detail/export.hpp>
#include <jay/detail/job.hpp>
#include <jay/detail/spin_mutex.hpp>

namespace jay {
class scheduler;
}

namespace jay::detail {

struct cancel_walk;
struct relaying_waiter;
struct join;
struct waiter;
struct promise_base;
struct scheduler_ref;
struct task_state;

/// How a cancel is told: once, or at each suspension until the scope is left.
enum class trigger { edge, level };

struct cancel_notes;  // what a cancel said, and what get_stop_token() has given out: cancel_notes.hpp
JAY_API void drop(cancel_notes* n) noexcept;

// The order of the fields is for those of task_state, which begin in this one's tail.
struct JAY_API scope {
  explicit scope(task_state& t) noexcept : whose_(reinterpret_cast<std::uintptr_t>(&t)) {}
  /// Of strands that belong to no task.
  explicit scope(const scheduler_ref& s) noexcept : whose_(reinterpret_cast<std::uintptr_t>(&s) | no_task) {}
  scope(const scope&) = delete;
  ~scope() {
    if (notes) drop(notes);
  }

  cancel_word word;
  atomic<std::uint32_t> generation{0};
  std::uint32_t cancel_generation = 0;  // guarded by mutex, as what follows, but `whose_`
  waiter* suspended = nullptr;
  cancel_notes* notes = nullptr;

 private:
  std::uintptr_t whose_;
  static constexpr std::uintptr_t no_task = 1;

 public:
  spin_mutex mutex;
  std::uint8_t marks = 0;  // bits below; guarded by mutex

  // Of an inner scope: a cancel came from outside; and it is (one of those) that the strand is due.
  static constexpr std::uint8_t outer_cancelled = 1, outer_due = 2;
  static constexpr std::uint8_t a_join_failed = 4;  // one that still stands, perhaps: strands look for it above them
  static constexpr std::uint8_t level = 8;          // cancelled for good, by itself or by a scope around it
  static constexpr std::uint8_t edge_due = 16;      // what is pending in `word` is an edge (too)
  static constexpr std::uint8_t limit = 32;         // its own cancel is that of a limit: gather_settled gives what there is
  static constexpr std::uint8_t own_cancelled = 64; // its own cancel has come

  /// The task that this scope belongs to, or null.
  task_state* task() const noexcept { return whose_ & no_task ? nullptr : reinterpret_cast<task_state*>(whose_); }
  scheduler& sched() const noexcept;
  /// Where strands that belong to no task run, or null.
  const scheduler_ref* outside() const noexcept {
    return whose_ & no_task ? reinterpret_cast<const scheduler_ref*>(whose_ & ~no_task) : nullptr;
  }

  /// Cancels what runs in this scope. Any thread; the caller keeps the scope alive.
  void cancel(const std::string& message) noexcept;
  /// The same, as part of a walk, which passes it on. `from_outside`: of an inner scope.
  void cancel(const std::string& message, cancel_walk& w, bool from_outside = false, trigger t = trigger::edge) noexcept;
  /// Its middle, without what calls user code.
  void strike(const std::string& message, cancel_walk& w, bool from_outside, trigger t = trigger::edge) noexcept;

  /// For a running strand: is a cancel due? If so, children that it starts now are told of it.
  bool is_due(promise_base& strand) noexcept;
  /// For a running strand: is a cancel due? If so it is taken: the caller throws cancelled_error.
  bool take_cancel(promise_base& strand) noexcept;

  /// What the strand has been told of: its children start from there.
  std::uint32_t told(promise_base& strand) noexcept;

  /// A cancel that the strand was told of, but that did not reach its code, is due again.
  void make_due(promise_base& frame, bool forked, trigger t = trigger::edge) noexcept;

  /// The root strand has taken what was pending where it wanted to suspend in l.
  void taken(waiter& l) noexcept;
  /// The root strand goes on; what has cancelled the scope for good is due again. `told`: and has been told just now.
  void still_due(bool told) noexcept;
  /// Before the root strand suspends all the same: only an edge is to end that.
  void put_level_aside() noexcept;
  /// Throws if a cancel is due; of a strand that does not suspend.
  void check() {
    if (word.pending()) check_slow();
  }

  /// The root strand is the only one left.
  void collapse() noexcept;

  /// False: a cancel was due and is taken; the waiter is not suspended.
  bool add(waiter& l) noexcept;
  /// After it: suspends the waiter all the same, as one that this cancel has ended.
  void add_told(waiter& l) noexcept;
  void remove(waiter& l) noexcept;

  /// The message of the last cancel; empty where there is no memory for it.
  std::string text() noexcept;
  [[noreturn]] void throw_cancelled();

  /// The cancel that a strand was told of is a limit's own. It is due again, so what comes after the results has the limit
  /// too. (In asyncio's order a timeout's is as any other.)
  bool gives_partial_results(promise_base& strand) noexcept;

  /// For a walk that comes here once more, and leaves it alone: notices if it has come round a cycle.
  void meet(cancel_walk& w) noexcept;
  /// With the lock held: the strand that waits in this waiter, a forked one, knows of all cancels up to now.
  void tell(waiter& l) noexcept;

 private:
  friend struct join;
  void enlist(waiter& l) noexcept;
  void deliver(waiter& l, cancel_walk& w, trigger t, bool by_sibling = false) noexcept;
  void check_slow();
  // with the lock held
  void put_back(bool told) noexcept;
  void only_strand() noexcept;
};

/// A coroutine's context word: its scope, whether it belongs to a forked strand, and whether it runs on an island, which is
/// found by a walk (src/core/island.hpp).
inline constexpr std::uintptr_t forked_bit = 1, island_bit = 2;
static_assert(alignof(scope) > (forked_bit | island_bit));
inline scope* scope_of(std::uintptr_t context) noexcept {
  return reinterpret_cast<scope*>(context & ~(forked_bit | island_bit));
}
inline bool is_forked(std::uintptr_t context) noexcept { return context & forked_bit; }
inline bool on_island(std::uintptr_t context) noexcept { return context & island_bit; }
/// The context of a coroutine that goes from where `context` says to where `place` says.
inline std::uintptr_t moved_to(std::uintptr_t context, std::uintptr_t place) noexcept {
  return (context & ~island_bit) | (place & island_bit);
}

}  // namespace jay::detail
