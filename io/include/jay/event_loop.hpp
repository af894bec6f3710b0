// SPDX-License-Identifier: MIT
// event_loop: running in the explicit style. asyncio's event loop.
//
//   jay::event_loop loop;
//   loop.call_soon([] { std::puts("first"); });
//   int n = loop.run_until_complete(answer());
//   loop.close();
//
// A loop moves only while a run is under way: run_until_complete and run_forever block the thread that calls them, and the
// workers run the tasks and the calls. Between the runs it stands still: no task is resumed, nothing is called, no timer
// fires, and the thread that ran it may read what the tasks wrote. The next run goes on where this one stopped. (A call that
// blocks, of to_thread or run_in_executor, goes on.) So a run ends when each worker has come to the end of its step.
//
// Calls (call_soon and the like) are made by a worker, never by the thread that runs the loop. One loop's calls are made in
// the order in which they came, one after another, never two at once; the calls of timers in the order of their deadlines.
// A task may run beside them on another worker. With order = "asyncio" there is one worker, and calls and tasks take turns
// exactly as in asyncio. Each call runs in a copy of the context where it was given. One that throws is reported to the
// exception handler; keyboard_interrupt ends the run and is thrown there.
//
// Every member may be called by any thread, unless it says otherwise, and by tasks and calls. In debug mode call_soon,
// call_later and call_at throw std::runtime_error, as asyncio's do, where a run is under way and the calling thread is none
// of the loop's: call_soon_threadsafe is for such a thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <jay/call_handle.hpp>
#include <jay/context_var.hpp>
#include <jay/create_task.hpp>
#include <jay/detail/blocking_pool.hpp>
#include <jay/detail/executor_call.hpp>
#include <jay/detail/how_to_run.hpp>
#include <jay/detail/loop_core.hpp>
#include <jay/detail/slot.hpp>
#include <jay/future.hpp>
#include <jay/runtime.hpp>

namespace jay {

class runner;
namespace detail {
class interrupt_watch;
class default_loop;
}
template <class Op>
detail::op_result_t<Op> run(Op&& main, const config& c = {});

class JAY_API event_loop {
 public:
  /// Starts the threads; throws what runtime's constructor throws.
  explicit event_loop(const config& c = {});
  event_loop(const event_loop&) = delete;
  ~event_loop();

  /// Runs until the op has ended, and gives its value or throws what it threw. A task is started in a copy of this thread's
  /// context, behind what the loop was given before. A handle or a future is not owned: an lvalue gives a copy.
  ///
  /// Throws std::runtime_error if stop() ends the run first ("event loop stopped before future completed"; the task is still
  /// there, and goes on in the next run), if a run is under way, in a task or a call, after close(), and in the child of a
  /// fork. A SIGINT stops the loop and throws keyboard_interrupt, where it has its default action; a second one ends the
  /// process.
  template <class Op>
  detail::op_result_t<Op> run_until_complete(Op&& op) {
    return run_main(detail::how_to_run{"run_until_complete"}, std::forward<Op>(op));
  }
  /// Runs until stop(). Throws as run_until_complete.
  void run_forever();
  /// Ends the run after this turn: what was to be called when it began is called, what that gives the loop waits for the next
  /// run. Before a run: that run after one turn. Nothing once it is closed.
  void stop() noexcept { core_->stop(); }
  /// Drops what was to be called, cancels what is left, waits for its cleanup, and ends the threads, as the end of jay::run
  /// does. (asyncio's leaves tasks to the garbage collector.) The destructor closes too. A second time: nothing. Throws
  /// std::runtime_error while a run is under way.
  void close();
  bool is_running() const noexcept { return core_->runs(); }
  bool is_closed() const noexcept { return core_->closed(); }

  /// Starts a task, as jay::create_task does in a running loop; also before the run. It begins then, in the order in which
  /// tasks and calls were given with order = "asyncio". Throws std::runtime_error if the loop is closed.
  template <class First, class... Rest>
    requires detail::startable<First, Rest...>
  auto create_task(const task_options& options, First&& f, Rest&&... args) {
    detail::loop_core::use keep(*core_, "create_task");
    return detail::start(scheduler(), options, detail::coroutine_of(std::forward<First>(f), std::forward<Rest>(args)...));
  }
  template <class First, class... Rest>
    requires detail::startable<First, Rest...>
  auto create_task(First&& f, Rest&&... args) {
    return create_task(task_options(), std::forward<First>(f), std::forward<Rest>(args)...);
  }

  /// Calls f(args...) in the next turn. The callable and its decayed arguments are moved, references only through std::ref;
  /// they are destroyed when it has been called, cancelled or dropped. What it returns is dropped. These four throw
  /// std::runtime_error if the loop is closed.
  template <class F, class... A>
  call_handle call_soon(F&& f, A&&... args) {
    check_thread("call_soon");
    return soon("call_soon", std::forward<F>(f), std::forward<A>(args)...);
  }
  /// The same, also in debug mode for a thread that is none of the loop's.
  template <class F, class... A>
  call_handle call_soon_threadsafe(F&& f, A&&... args) {
    return soon("call_soon_threadsafe", std::forward<F>(f), std::forward<A>(args)...);
  }
  /// After d; at once if that is zero or less. Throws std::invalid_argument if it is NaN.
  template <class Rep, class Period, class F, class... A>
  call_handle call_later(const std::chrono::duration<Rep, Period>& d, F&& f, A&&... args) {
    return at("call_later", detail::deadline_after(d, time()), std::forward<F>(f), std::forward<A>(args)...);
  }
  template <class F, class... A>
  call_handle call_at(time_point when, F&& f, A&&... args) {
    return at("call_at", when, std::forward<F>(f), std::forward<A>(args)...);
  }
  /// The clock of call_at: the monotonic one; inside jay::testing::run a virtual one.
  time_point time() const noexcept { return core_->time(); }

  /// Called with what nobody else is told of: an error that a task leaves and nobody asks for, a call that throws. On a
  /// worker, perhaps on several at once. {} restores the default, which prints a line to stderr. A handler that throws is
  /// reported with what it was given. asyncio's handler gets a dict; here it is the message, the exception, the task's name.
  void set_exception_handler(std::function<void(const exception_context&)> handler) {
    scheduler().set_exception_handler(std::move(handler));
  }
  /// Empty: the default.
  std::function<void(const exception_context&)> get_exception_handler() const { return scheduler().exception_handler(); }
  void call_exception_handler(const exception_context& c) { scheduler().call_exception_handler(c); }
  /// What a handler calls for what it does not know.
  void default_exception_handler(const exception_context& c) const noexcept { jay::scheduler::default_exception_handler(c); }

  /// Called with the options of each task of this loop before the task is made, by whoever makes it; it may name the task, say
  /// that it starts in place (jay::eager_task_factory), or how urgent it is. What it throws, create_task throws. {}: none.
  /// asyncio's makes the task itself, of a class of its own; here there is one.
  void set_task_factory(std::function<void(task_options&)> factory) { scheduler().set_task_factory(std::move(factory)); }
  std::function<void(task_options&)> get_task_factory() const { return scheduler().task_factory(); }

  /// Debug mode from now on, or no longer; in the beginning it is config.debug.enabled.
  void set_debug(bool on) { scheduler().set_debug(on); }
  bool get_debug() const { return scheduler().debugging(); }

  /// Calls f(args...) on a thread for calls that block, and gives a future of the result; the executor is nullptr, the pool of
  /// the loop (io.blocking_threads). The arguments are moved there. A cancel of the future drops a call that has not begun;
  /// else the call goes on, and what it gives is dropped. The context stays here; jay::to_thread takes it along. Throws
  /// std::runtime_error if the loop is closed, std::system_error if no thread can be started.
  template <class F, class... A>
  auto run_in_executor(std::nullptr_t, F&& f, A&&... args) {
    static_assert(std::invocable<std::decay_t<F>, std::decay_t<A>...>,
                  "run_in_executor(nullptr, f, args...): f is called with its decayed arguments; pass references by std::ref");
    detail::loop_core::use keep(*core_, "run_in_executor");
    auto call = std::make_shared<detail::executor_call<std::decay_t<F>, std::decay_t<A>...>>(std::forward<F>(f),
                                                                                            std::forward<A>(args)...);
    auto given = call->result.get_future();
    given.share()->bind(&scheduler());
    detail::service_of<detail::blocking_pool>(scheduler()).submit("run_in_executor", [call] { call->run(); });
    return given;
  }

  /// From now on a signal of this number has f(args...) called, as by call_soon, in this context; the earlier handler of this
  /// loop goes. The process has one handler of a signal, so one loop has it at a time. The default action comes back with
  /// remove_signal_handler and close. In the child of a fork a signal has its default action again. Throws
  /// std::invalid_argument if there is no such signal, std::runtime_error if it cannot be caught, another loop has it, or the
  /// loop is closed. Any thread.
  template <class F, class... A>
  void add_signal_handler(int signal, F&& f, A&&... args) {
    handle_signal(signal, again_and_again(std::forward<F>(f), std::forward<A>(args)...));
  }
  /// False: this loop does not handle it. Throws std::runtime_error if the loop is closed.
  bool remove_signal_handler(int signal);

  /// From now on f(args...) is called, as by call_soon, in this context, whenever there is something to read from the
  /// descriptor (or its peer has closed, or it has failed), again and again until it is read or removed, but never twice at
  /// once. The earlier reader of this descriptor goes. The descriptor stays the caller's, who removes the reader before it is
  /// closed, and makes it non-blocking where another may read from it too. Sockets, pipes, terminals, eventfds and the like;
  /// not files. Throws std::invalid_argument if it is negative, std::system_error if it is not open or cannot be waited for
  /// (EPERM: a file), std::runtime_error if it belongs to a socket of jay's, or the loop is closed. Any thread.
  template <class F, class... A>
  void add_reader(int fd, F&& f, A&&... args) {
    watch_descriptor("add_reader", fd, detail::direction::reading,
                     again_and_again(std::forward<F>(f), std::forward<A>(args)...));
  }
  /// False: it has no reader, or the loop is closed. A call that has begun on another worker goes on.
  bool remove_reader(int fd) { return forget_descriptor("remove_reader", fd, detail::direction::reading); }
  /// The same for writing: called whenever there is room.
  template <class F, class... A>
  void add_writer(int fd, F&& f, A&&... args) {
    watch_descriptor("add_writer", fd, detail::direction::writing,
                     again_and_again(std::forward<F>(f), std::forward<A>(args)...));
  }
  bool remove_writer(int fd) { return forget_descriptor("remove_writer", fd, detail::direction::writing); }

  /// What it runs on. Throws std::runtime_error if it is closed.
  jay::scheduler& scheduler() const;
  const jay::config& config() const;

 private:
  friend runner;
  friend class detail::default_loop;
  template <class Op>
  friend detail::op_result_t<Op> run(Op&& main, const jay::config& c);

  /// One run, in the thread that waits for it.
  class JAY_API one_run {
   public:
    one_run(event_loop& l, const detail::how_to_run& how);
    one_run(const one_run&) = delete;
    ~one_run();
    /// Runs until `main` has ended, or until the loop is stopped. `cancel` is what a SIGINT does.
    template <class Main>
    void until(Main main) {
      const callback_id id = main.add_done_callback(end_of_main());
      wait([](void* m) { static_cast<Main*>(m)->cancel(); }, &main);
      main.remove_done_callback(id);
      end();
      check(main.done());
    }
    void until_stopped();
    bool was_interrupted() const noexcept { return interrupted_; }

   private:
    /// Told when the callback and its handle are gone: then the thread that runs the loop alone has the result.
    class JAY_API told_at_end {
     public:
      told_at_end(std::shared_ptr<detail::loop_core> core, std::uint64_t run) noexcept : core_(std::move(core)), run_(run) {}
      told_at_end(told_at_end&&) noexcept = default;
      ~told_at_end() {
        if (core_) core_->main_has_ended(run_);
      }
      template <class Main>
      void operator()(const Main&) const noexcept {}

     private:
      std::shared_ptr<detail::loop_core> core_;
      std::uint64_t run_;
    };
    told_at_end end_of_main() { return told_at_end(loop_.core_, loop_.core_->run_number()); }
    void wait(void (*cancel)(void*), void* main);
    void end();
    void check(bool main_is_done) const;

    event_loop& loop_;
    const detail::how_to_run& how_;
    std::unique_ptr<detail::interrupt_watch> interrupts_;  // of this run alone, until the loop stands
    bool interrupted_ = false;
    bool ended_ = false;
  };

  template <class Op>
  detail::op_result_t<Op> run_main(const detail::how_to_run& how, Op&& op) {
    using D = std::decay_t<Op>;
    using T = detail::op_result_t<Op>;
    static_assert(!std::is_reference_v<T>, "run: return a value or a pointer");
    one_run r(*this, how);
    if constexpr (detail::is_unowned<D> && (std::is_void_v<T> || std::is_copy_constructible_v<T>)) {
      op.done();  // throws if it is empty
      check_home(*op.share());
      r.until(op);
      return op.result();
    } else {
      auto start = [&] { return detail::start(scheduler(), task_options(), detail::to_task(std::forward<Op>(op))); };
      auto main = how.in ? how.in->run(start) : start();
      r.until(main);
      if (how.in) detail::keep_context(*main.share(), *how.in);
      if (r.was_interrupted()) throw_if_interrupted(main);
      if constexpr (std::is_void_v<T>) main.result();
      else return main.take();
    }
  }
  /// Throws std::invalid_argument if it is of another loop.
  void check_home(detail::shared_state& main) const;
  /// Debug mode: throws std::runtime_error if the loop runs, and not on this thread. A loop that is closed is another's matter.
  void check_thread(const char* what) const;
  /// What calls f(args...) in a copy of this context, as often as it is called.
  template <class F, class... A>
  static std::function<void()> again_and_again(F&& f, A&&... args) {
    static_assert(std::invocable<std::decay_t<F>&, std::decay_t<A>&...>,
                  "add_signal_handler, add_reader, add_writer: f is called again and again with its decayed arguments");
    auto call = std::make_shared<std::tuple<std::decay_t<F>, std::decay_t<A>...>>(std::forward<F>(f), std::forward<A>(args)...);
    return [call, in = copy_context()] {
      in.run([&] { std::apply([](auto& function, auto&... with) { std::invoke(function, with...); }, *call); });
    };
  }
  void handle_signal(int signal, std::function<void()> f);
  void watch_descriptor(const char* what, int fd, detail::direction d, std::function<void()> f);
  bool forget_descriptor(const char* what, int fd, detail::direction d);
  static void throw_if_interrupted(task_handle<> main);
  void watch_until_end() { runtime_->watch_until_end(); }

  template <class F, class... A>
  call_handle soon(const char* what, F&& f, A&&... args) {
    detail::loop_core::use keep(*core_, what);
    call_handle h = make(std::forward<F>(f), std::forward<A>(args)...);
    h.call_->retain();
    core_->soon(*h.call_);
    return h;
  }
  template <class F, class... A>
  call_handle at(const char* what, time_point when, F&& f, A&&... args) {
    check_thread(what);
    detail::loop_core::use keep(*core_, what);
    call_handle h = make(std::forward<F>(f), std::forward<A>(args)...);
    auto loops = h.call_;
    core_->at(*loops, when);
    loops.detach();
    return h;
  }
  template <class F, class... A>
  call_handle make(F&& f, A&&... args) {
    static_assert(std::invocable<std::decay_t<F>, std::decay_t<A>...>,
                  "call_soon(f, args...): f is called with its decayed arguments; pass references by std::ref");
    return call_handle(detail::state_ptr<detail::scheduled_call>(
        new detail::call_of<std::decay_t<F>, std::decay_t<A>...>(core_, std::forward<F>(f), std::forward<A>(args)...)));
  }

  std::shared_ptr<detail::loop_core> core_;
  std::unique_ptr<runtime> runtime_;
};

/// The loop that the calling task or call runs in. Throws std::runtime_error elsewhere.
JAY_API event_loop& get_event_loop();

}  // namespace jay
