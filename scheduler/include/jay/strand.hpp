// SPDX-License-Identifier: MIT
// strand: a single-threaded island. What runs on it runs one at a time, in the order in which it comes, on whichever worker;
// nothing blocks meanwhile. Asio's strand; for an object that several threads must not use at once. (One thread: home_thread.hpp.)
//
//   class account {
//     jay::strand strand_;
//     int balance_ = 0;                      // touched on the strand only: no lock
//
//    public:
//     jay::task<int> deposit(int n) {
//       co_await jay::resume_on(strand_);    // from here on this coroutine runs on the strand
//       co_return balance_ += n;
//     }                                      // and who awaits it goes on where it was
//   };
//
// There are two ways onto a strand: resume_on, for a coroutine that knows its strand, and s.run(op), for an operation that
// does not. run gives an operation, so it goes together with all that takes one: create_task(s.run(f(x))),
// gather(s.run(a()), s.run(b())), wait_for(s.run(f()), 1s). (Rejected: a strand in task_options. A gather's children, a
// group's and a time limit's operation would each have wanted a way of their own.)
//
// What is on the strand: the coroutine itself, what it awaits, and what it gives to gather, race and the like by value.
// After every await the code goes on in its turn on the strand, whatever it has waited for. So the code between two awaits
// runs beside no other code of the strand. At an await others of the strand may run, also where the await need not wait: a
// strand is held by nobody who waits, and what has to be whole over an await needs a lock. What becomes a task of its own is
// not on it: create_task, a group's tasks, what shield keeps, callbacks and reactions. Give these s.run(op).
//
// Order. Who comes first runs first. A coroutine comes at its resume_on, or, after a wait, when a worker takes it up again;
// two that are woken at once may come in any order. Where messages have an order, put them into a queue.
//
// A cancel is told where the code waits, as elsewhere, and code that handles it runs on the strand. To stand in the strand's
// queue is not to wait: what is queued runs soon, as what waits for a worker does.
//
// Threads. A strand may be made and copied anywhere, also outside a runtime. Copies are handles of the same strand, which
// lasts as long as a handle or a coroutine on it: to destroy the last handle ends nothing. Tasks of several runtimes may
// share one; each runs on workers of its own. While a runtime does not run (an event_loop between two runs), those behind its
// task wait for it. A strand whose queue does not end gives its worker back after 64 steps, or when others are due.
#pragma once

#include <utility>

#include <jay/detail/exit_stack.hpp>
#include <jay/detail/op.hpp>
#include <jay/detail/waiter.hpp>

namespace jay {

namespace detail {
class island;
class move_awaiter;
}  // namespace detail
class home_thread;

class JAY_API strand {
 public:
  /// Throws std::bad_alloc.
  strand();
  strand(const strand& o) noexcept;
  strand& operator=(const strand& o) noexcept;
  ~strand();

  /// An operation that runs op on the strand, from its beginning to its end, and gives its value or throws what it threw. A
  /// cancel that comes before its turn ends it: op is then not started.
  template <class Op>
  auto run(Op&& o) const;

  /// Whether the calling code runs on this strand. For assertions in what must not be used elsewhere.
  bool is_current() const noexcept;

  friend bool operator==(const strand&, const strand&) noexcept = default;

 private:
  friend class detail::move_awaiter;
  friend class home_thread;
  explicit strand(detail::island* i) noexcept : island_(i) {}
  detail::island* island_;
};

/// Where tasks run that are on no strand.
struct any_worker_t {
  explicit any_worker_t() = default;
};
inline constexpr any_worker_t any_worker{};

namespace detail {

class JAY_API move_awaiter : waiter {
 public:
  using waiter::jay_awaiter;
  explicit move_awaiter(const strand& s) noexcept : to_(s.island_) {}  // which the operation has
  explicit move_awaiter(any_worker_t) noexcept : to_(nullptr) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) {
    static_assert(!exits_access<Promise>::yields,
                  "an async_generator that has moved to a strand would have who iterates it run there too, at each co_yield; "
                  "give it what it needs from there: co_yield co_await s.run(f())");
    if (is_there(h.promise())) {
      prepare(h);
      return !go_on_at_once(*this);
    }
    move_entry& m = place(exits_of(h.promise(), exits_access<Promise>::of));
    prepare(h);
    return move(m);
  }
  void await_resume();

 private:
  bool is_there(const promise_base& p) noexcept;
  move_entry& place(exit_stack& s) const;
  bool move(move_entry& m) noexcept;
  island* to_;
  island* from_ = nullptr;
};

}  // namespace detail

/// From here on the coroutine that awaits this runs on the strand, with what it awaits, until it is resumed elsewhere or has
/// ended, its exits included (enter, defer). Who awaits the coroutine then goes on where it was. On the strand already:
/// nothing. Throws cancelled_error if a cancel is due when its turn has come: it has moved all the same, so what comes after
/// it, a handler too, runs there. Throws std::bad_alloc, and has not moved. Not inside an async_generator.
inline auto resume_on(const strand& s) { return op<detail::move_awaiter, strand>(s); }
/// The same for the workers: from here on the coroutine is on no strand. It goes on at once, and whoever waits for the strand
/// that it leaves too.
inline auto resume_on(any_worker_t w) { return op<detail::move_awaiter, any_worker_t>(w); }

namespace detail {

template <class T, class Op>
task<T> run_on(strand s, Op o) {
  try {
    co_await resume_on(s);
  } catch (...) {
    never_start(o);
    throw;
  }
  co_return co_await std::move(o);
}

}  // namespace detail

template <class Op>
auto strand::run(Op&& o) const {
  using D = std::decay_t<Op>;
  static_assert(detail::awaitable<D>,
                "not an awaitable of jay's: give a task by value, a task_handle, a future, or what sleep(), q.get() and "
                "the like return");
  return detail::run_on<detail::op_result_t<D>, D>(*this, D(std::forward<Op>(o)));
}

}  // namespace jay
