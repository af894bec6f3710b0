// SPDX-License-Identifier: MIT
// The promise of an async_generator, as far as it does not depend on what is yielded.
//
// A generator runs in the strand of who asks for the next value: each next() makes the asking coroutine its continuation
// and gives it that coroutine's scope, then hands over to it; co_yield puts the value into the asking awaiter and hands
// back. Nothing is allocated for that, nothing is queued.
//
// co_yield elements_of(g) makes g part of the one that yields it, the root. The root knows the `leaf`, which runs: next()
// goes on with that, whose continuation is the asking coroutine as well. So an element costs the same at any depth, and
// walks up the chain of awaits (cancels, call graphs) pass over the generators between leaf and root. When a leaf ends,
// its parent gets its continuation and its scope, and goes on.
//
// Who has it says its word (generator_word.hpp). One that is dropped while it stands at a co_yield is handed to a task of the
// runtime that closes it; any other is destroyed. From its first next() to its end a generator stands in a list of its runtime
// (registry_shard), which finds it there.
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <source_location>

#include <jay/detail/exit_stack.hpp>
#include <jay/detail/generator_word.hpp>
#include <jay/detail/promise.hpp>
#include <jay/error.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {

/// What has asked a generator to go on; in the frame of who asks.
struct generator_request {
  std::exception_ptr error;  // that has ended the generator
  bool refused = false;      // a cancel was due, and the generator has not run
  bool seized = false;       // a task of the runtime that closes: it has set busy, and resets it
  bool ignored = false;      // by a generator that was closed, and has yielded
};

struct generator_promise : result_promise {
  enum class stage { fresh, begun, ended };

  explicit generator_promise(const std::source_location& l) noexcept : result_promise(l) {
    continuation = 0;
    context = 0;
    out = &end;
  }
  ~generator_promise() { end.reset(); }

  generator_word word;
  stage at : 8 = stage::fresh;
  bool closing = false;                  // of a root: an aclose is under way
  std::uint16_t shard = 0;               // of the list
  generator_promise* root = this;
  generator_promise* leaf = this;        // of a root
  generator_promise* parent = nullptr;   // whose elements_of this one is
  generator_request* request = nullptr;  // of a root that runs
  scheduler* home = nullptr;             // in whose list it stands
  std::uint64_t home_number = 0;
  generator_promise* list_next = nullptr;  // guarded by the list's lock
  generator_promise* list_prev = nullptr;
  outcome<void> end;

  /// It goes on in the strand that is given.
  void join_strand(std::uintptr_t consumer, std::uintptr_t in) noexcept {
    if (kind() == continues::exits) [[unlikely]] next<exit_link>()->continuation = consumer;
    else continuation = consumer;
    context = in;
    joins_closed = false;
  }
  job* consumer() const noexcept { return reinterpret_cast<job*>(past_exits(continuation) & ~continues_mask); }

  /// For who is its consumer, and has set busy. Gives what to run next.
  job* go_on_for(promise_base& who, generator_request& r) noexcept {
    request = &r;
    leaf->join_strand(continue_with(frame_of(who), continues::frame), who.context);
    return frame_of(*leaf);
  }
};

/// next() of one that has not begun, has ended, or was begun in another runtime. Gives what to run next.
JAY_API job* generator_begins(generator_promise& g, promise_base& who, generator_request& r);
/// next() where the worker may have to give way first. A cancel that is due ends it before anything was run (`refused`).
JAY_API job* generator_in_turn(generator_promise& g, promise_base& who, generator_request& r) noexcept;
[[noreturn]] JAY_API void throw_generator_busy(const char* what);
/// It has stood at a co_yield that aclose() has ended, and yields again.
JAY_API void generator_ignored_exit(generator_promise& root) noexcept;
/// Its exits have run, if there were any.
JAY_API job* generator_ended(generator_promise& g) noexcept;
JAY_API job* end_of_generator(result_promise& p) noexcept;
/// The elements of `inner` are to be those of `outer`; gives what to run next.
JAY_API job* generator_delegates(generator_promise& outer, generator_promise& inner);
/// The destructor.
JAY_API void drop_generator(generator_promise* g) noexcept;

/// co_yield of a value, which is where it belongs already.
struct yield_awaiter {
  generator_promise& generator;
  bool await_ready() const noexcept { return false; }
  [[gnu::always_inline]] resumption await_suspend(std::coroutine_handle<>) noexcept {
    generator_promise& root = *generator.root;
    job* next = generator.consumer();
    if (root.closing) [[unlikely]] generator_ignored_exit(root);
    else root.word.leave();
    return transfer(next);
  }
  void await_resume() const {
    if (generator.root->closing) [[unlikely]] throw generator_exit();
  }
};

struct delegation_awaiter {
  generator_promise& outer;
  generator_promise* inner;  // null: there is nothing
  bool await_ready() const noexcept { return !inner; }
  resumption await_suspend(std::coroutine_handle<>) { return transfer(generator_delegates(outer, *inner)); }
  void await_resume() {
    if (inner) inner->end.check();
    if (outer.root->closing) [[unlikely]] throw generator_exit();
  }
};

struct generator_final {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  resumption await_suspend(std::coroutine_handle<Promise> h) noexcept {
    if (h.promise().kind() == continues::exits) [[unlikely]] return transfer(exits_begin(h.promise()));
    return transfer(generator_ended(h.promise()));
  }
  void await_resume() const noexcept {}
};

/// What aclose() awaits.
class generator_close : public generator_request {
 public:
  using jay_awaiter = void;
  explicit generator_close(generator_promise* g, bool is_seized = false) noexcept : generator_(g) { seized = is_seized; }

  bool await_ready() const noexcept { return !generator_; }
  template <class Promise>
  resumption await_suspend(std::coroutine_handle<Promise> h) {
    static_assert(std::is_base_of_v<promise_base, Promise>,
                  "aclose() can be awaited only inside a coroutine of jay's (jay::task and the like)");
    return transfer(begin(h.promise()));
  }
  void await_resume() {
    if (error) std::rethrow_exception(std::move(error));
  }

 private:
  JAY_API job* begin(promise_base& who);
  generator_promise* generator_;
};

}  // namespace jay::detail
