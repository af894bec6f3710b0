// SPDX-License-Identifier: MIT
#include "engine.hpp"

#include <algorithm>

#include "explorer.hpp"

namespace model {

namespace {

// Notes the operation, and applies the seeded bug if it is here. True: the operation is left out.
bool altered(op kind, std::memory_order* order, std::memory_order* failure_order, bool* blind, const place& where) {
  explorer& e = *active;
  if (e.o_.log) [[unlikely]]
    e.o_.log->note(kind, order ? *order : std::memory_order_relaxed,
                   failure_order ? *failure_order : std::memory_order_relaxed, where);
  const mutant* m = e.o_.seeded;
  if (!m || m->kind != kind || !same_place(*m, where)) [[likely]]
    return false;
  switch (m->what) {
    case mutant::change::none: break;
    case mutant::change::order:
      if (order && *order == m->from) *order = m->to;
      break;
    case mutant::change::failure_order:
      if (failure_order && *failure_order == m->from) *failure_order = m->to;
      break;
    case mutant::change::drop: return true;
    case mutant::change::blind:
      if (blind) *blind = true;
      break;
  }
  return false;
}

}  // namespace

namespace engine {

std::uint64_t current_execution() { return active ? active->id_ : 0; }
memory_view* running() { return active && active->current_ >= 0 ? &active->me().view : nullptr; }

int add_location(std::uint64_t initial) { return active->mem_.add(initial, running()); }

void retire_location(int id) {
  explorer& e = *active;
  location& l = e.mem_.at(id);
  l.destroyed = true;
  if (memory_view* v = running())
    if (!v->now.covers_all(l.accessed_at))
      e.fail("data race: " + e.location_name(id) + " is destroyed while another thread may still use it");
}

std::uint64_t load(int id, std::memory_order o, const place& where) {
  explorer& e = *active;
  if (e.current_ < 0) return e.mem_.at(id).history.back().value;
  altered(op::load, &o, nullptr, nullptr, where);
  e.point();
  location& l = e.access(id, op::load);
  memory_view& v = e.me().view;
  int low = e.mem_.floor(l, id, v);
  if (o == std::memory_order_seq_cst) low = std::max(low, l.sc_floor);
  int index = e.choose_record(l, low);
  e.mem_.note_read(l, index, v, o);
  std::uint64_t value = l.history[static_cast<std::size_t>(index)].value;
  if (e.tracing_) [[unlikely]] {
    if (index < l.newest())
      e.trace_operation(op::load, name_of(o), id, where, "= %llx  (stale: newest is %llx)",
                        static_cast<unsigned long long>(value),
                        static_cast<unsigned long long>(l.history.back().value));
    else e.trace_operation(op::load, name_of(o), id, where, "= %llx", static_cast<unsigned long long>(value));
  }
  return value;
}

namespace {

// The places that a store may take in the modification order, the newest first.
int choose_place(explorer& e, const location& l, int low) {
  int n = l.newest() + 1;
  if (!e.mem_.inserts) return n;
  int places[max_alternatives];
  int count = 0;
  for (int i = n; i > low && count < max_alternatives; --i)
    if (i == n || !l.history[static_cast<std::size_t>(i)].chained) places[count++] = i;
  return places[e.choose(count)];
}

}  // namespace

void store(int id, std::uint64_t value, std::memory_order o, const place& where) {
  explorer& e = *active;
  if (e.current_ < 0) {
    e.mem_.at(id).history.back().value = value;
    return;
  }
  bool dropped = altered(op::store, &o, nullptr, nullptr, where);
  e.point();
  location& l = e.access(id, op::store);
  if (dropped) return;
  memory_view& v = e.me().view;
  int low = l.newest();
  if (e.mem_.inserts) {
    low = e.mem_.floor(l, id, v);
    if (o == std::memory_order_seq_cst) low = std::max(low, l.sc_floor);
  }
  int index = choose_place(e, l, low);
  if (e.tracing_) [[unlikely]]
    e.trace_operation(op::store, name_of(o), id, where,
                      index > l.newest() ? "<- %llx" : "<- %llx  (earlier in modification order)",
                      static_cast<unsigned long long>(value));
  e.mem_.put(l, id, index, value, v, o, false);
  e.stored();
}

std::uint64_t fetch(int id, update f, std::uint64_t operand, std::memory_order o, op kind, const place& where) {
  explorer& e = *active;
  if (e.current_ < 0) {
    std::uint64_t& value = e.mem_.at(id).history.back().value;
    std::uint64_t old = value;
    value = f(old, operand);
    return old;
  }
  altered(kind, &o, nullptr, nullptr, where);
  e.point();
  location& l = e.access(id, kind);
  memory_view& v = e.me().view;
  int index = l.newest();
  if (e.mem_.inserts) {
    int low = e.mem_.floor(l, id, v);
    if (o == std::memory_order_seq_cst) low = std::max(low, l.sc_floor);
    index = choose_place(e, l, low) - 1;
  }
  e.mem_.note_read(l, index, v, o);
  std::uint64_t old = l.history[static_cast<std::size_t>(index)].value;
  std::uint64_t value = f(old, operand);
  if (e.tracing_) [[unlikely]]
    e.trace_operation(kind, name_of(o), id, where, "%llx -> %llx", static_cast<unsigned long long>(old),
                      static_cast<unsigned long long>(value));
  e.mem_.put(l, id, index + 1, value, v, o, true);
  e.stored();
  return old;
}

bool compare_exchange(int id, std::uint64_t& expected, std::uint64_t desired, std::memory_order o,
                      std::memory_order failure, bool weak, const place& where) {
  explorer& e = *active;
  if (e.current_ < 0) {
    std::uint64_t& value = e.mem_.at(id).history.back().value;
    bool equal = value == expected;
    (equal ? value : expected) = equal ? desired : value;
    return equal;
  }
  bool blind = false;
  altered(op::compare_exchange, &o, &failure, &blind, where);
  e.point();
  location& l = e.access(id, op::compare_exchange);
  memory_view& v = e.me().view;
  if (blind) {
    if (e.tracing_) [[unlikely]]
      e.trace_operation(op::compare_exchange, name_of(o), id, where, "%llx -> %llx  (without comparing)",
                        static_cast<unsigned long long>(l.history.back().value),
                        static_cast<unsigned long long>(desired));
    e.mem_.put(l, id, l.newest() + 1, desired, v, o, false);
    e.stored();
    return true;
  }
  // It succeeds on a record that nothing follows yet (the newest), or, when stores may be reordered, that no other
  // read-modify-write follows; it fails as a load: on any record that the thread may read and that differs.
  int floor = e.mem_.floor(l, id, v);
  int low_success = o == std::memory_order_seq_cst ? std::max(floor, l.sc_floor) : floor;
  int low_failure = failure == std::memory_order_seq_cst ? std::max(floor, l.sc_floor) : floor;
  int candidates[max_alternatives];
  int count = 0;
  int oldest = e.stale_left_ > 0 ? floor : l.newest();
  for (int i = l.newest(); i >= oldest && count < max_alternatives; --i) {
    bool equal = l.history[static_cast<std::size_t>(i)].value == expected;
    bool last = i == l.newest();
    bool possible =
        equal ? last || (e.mem_.inserts && i >= low_success && !l.history[static_cast<std::size_t>(i) + 1].chained)
              : i >= low_failure;
    if (possible) candidates[count++] = i;
  }
  int index = candidates[e.choose(count)];
  if (index < l.newest()) --e.stale_left_;
  std::uint64_t old = l.history[static_cast<std::size_t>(index)].value;
  bool success = old == expected && !(weak && e.spurious());
  e.mem_.note_read(l, index, v, success ? o : failure);
  if (e.tracing_) [[unlikely]] {
    auto old_ = static_cast<unsigned long long>(old), expected_ = static_cast<unsigned long long>(expected),
         desired_ = static_cast<unsigned long long>(desired);
    if (success) e.trace_operation(op::compare_exchange, name_of(o), id, where, "%llx -> %llx", old_, desired_);
    else
      e.trace_operation(op::compare_exchange, name_of(failure), id, where, "= %llx, fails: expected %llx%s", old_,
                        expected_, old_ == expected_ ? " (spurious)" : "");
  }
  if (!success) {
    expected = old;
    return false;
  }
  e.mem_.put(l, id, index + 1, desired, v, o, true);
  e.stored();
  return true;
}

void fence(std::memory_order o, const place& where) {
  explorer& e = *active;
  if (e.current_ < 0) return;
  if (altered(op::fence, &o, nullptr, nullptr, where)) return;
  e.point();
  e.mem_.fence(e.me().view, o);
  if (e.tracing_) [[unlikely]]
    e.trace_operation(op::fence, name_of(o), -1, where, "%s", "");
}

void light_fence(const place& where) {
  explorer& e = *active;
  if (e.current_ < 0) return;
  if (e.o_.fences != asymmetry::fences) return;
  if (altered(op::light_fence, nullptr, nullptr, nullptr, where)) return;
  e.point();
  e.mem_.fence(e.me().view, std::memory_order_seq_cst);
  if (e.tracing_) [[unlikely]]
    e.trace_operation(op::light_fence, "", -1, where, "%s", "");
}

// membarrier: each thread of the process executes a full fence between the call and its return, wherever it is in its
// program (one that has ended did so when it ended). The model lets them do so at one moment.
void heavy_fence(const place& where) {
  explorer& e = *active;
  if (e.current_ < 0 || e.o_.fences == asymmetry::operations) return;
  if (altered(op::heavy_fence, nullptr, nullptr, nullptr, where)) return;
  e.point();
  e.mem_.fence(e.me().view, std::memory_order_seq_cst);
  if (e.o_.fences == asymmetry::membarrier) {
    for (int i = 0; i < e.thread_count_; ++i)
      if (i != e.current_) e.mem_.fence(e.threads_[i].view, std::memory_order_seq_cst);
    e.mem_.fence(e.me().view, std::memory_order_seq_cst);
  }
  if (e.tracing_) [[unlikely]]
    e.trace_operation(op::heavy_fence, "", -1, where, "%s", "");
}

// The kernel reads the word and queues the thread under a lock that futex_wake takes as well: a wait that comes after a
// wake sees what the waker saw. No other ordering is promised, so none is given.
bool futex_wait(int id, std::uint64_t expected, bool timed, const place& where) {
  explorer& e = *active;
  if (e.current_ < 0) fail("futex_wait outside the model's threads");
  e.point();
  location& l = e.access(id, op::futex_wait);
  thread_state& t = e.me();
  int low = std::max(e.mem_.floor(l, id, t.view), l.futex_floor);
  int index = e.choose_record(l, low);
  e.mem_.note_read(l, index, t.view, std::memory_order_relaxed);
  std::uint64_t value = l.history[static_cast<std::size_t>(index)].value;
  if (value != expected || e.spurious()) {
    if (e.tracing_) [[unlikely]]
      e.trace_operation(op::futex_wait, "", id, where, "returns at once: %llx, expected %llx%s",
                        static_cast<unsigned long long>(value), static_cast<unsigned long long>(expected),
                        value == expected ? " (spurious)" : "");
    return true;
  }
  if (e.tracing_) [[unlikely]]
    e.trace_operation(op::futex_wait, "", id, where, "blocks: %llx", static_cast<unsigned long long>(value));
  t.waits_on = id;
  t.timed = timed;
  t.timed_out = false;
  e.pick();
  if (e.tracing_) [[unlikely]]
    e.trace_operation(op::futex_wait, "", id, where, "%s", t.timed_out ? "times out" : "returns");
  return !t.timed_out;
}

void futex_wake(int id, int count, const place& where) {
  explorer& e = *active;
  if (e.current_ < 0) return;
  bool dropped = altered(op::futex_wake, nullptr, nullptr, nullptr, where);
  e.point();
  if (dropped) return;
  // By the kernel's rules a wake on an address whose object has gone is harmless (a spurious wake-up at worst): no access.
  location& l = e.mem_.at(id);
  l.futex_floor = std::max(l.futex_floor, e.mem_.floor(l, id, e.me().view));
  int woken = 0;
  for (; woken < count; ++woken) {
    int waiting[max_threads];
    int n = 0;
    for (int i = 0; i < e.thread_count_; ++i)
      if (e.threads_[i].waits_on == id) waiting[n++] = i;
    if (n == 0) break;
    e.wake(waiting[count >= n - woken ? 0 : e.choose(n)]);
  }
  if (e.tracing_) [[unlikely]]
    e.trace_operation(op::futex_wake, "", id, where, "wakes %d", woken);
}

bool assignment_left_out(const place& where) { return altered(op::assign, nullptr, nullptr, nullptr, where); }

void yield() {
  explorer& e = *active;
  if (!active || e.current_ < 0) return;
  e.me().view.fresh = e.mem_.stores_made();
  e.me().yielded = true;
  e.pick();
  e.me().yielded = false;
}

}  // namespace engine

}  // namespace model
