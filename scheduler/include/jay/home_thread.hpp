// SPDX-License-Identifier: MIT
// home_thread: a strand whose code runs on one thread of yours, and on no other. For what is bound to a thread: a GUI, an
// OpenGL context, a database handle. The other tasks of the same runtime are on its workers, as ever.
//
//   jay::home_thread ui;                       // on the GUI's thread
//
//   jay::task<> show(jay::home_thread& ui, label& l) {
//     std::string text = co_await fetch();     // on a worker
//     co_await jay::resume_on(ui);             // from here on this coroutine runs on the GUI's thread,
//     l.set_text(text);
//     co_await jay::sleep(1s);                 // after each await again. Nothing blocks that thread meanwhile
//     l.set_text("");
//   }                                          // and who awaits it goes on where it was
//
// Nothing runs there by itself: the thread has to ask for it. There are four ways.
//   * Any loop that waits for file descriptors: watch fd() for reading, and call poll() when it is readable.
//   * No other loop: run_forever(), until stop().
//   * jay::run, runner::run and an event loop's runs that this thread calls: they run what comes while they wait, and so does
//     the end of their runtime. So `int main() { jay::home_thread home; return jay::run(async_main(home)); }` has main's thread
//     as a home. concurrent_future::get does it too.
//   * poll(), whenever it suits.
// Where nothing else can run, and a home's thread has run nothing for a second, a run says so, with the names of the tasks.
//
// What is on a home is as with a strand (strand.hpp): the coroutine that moved, what it awaits, and what it gives to gather and
// the like by value. So is the order. A home_thread gives its strand to all that takes one, so resume_on(home) and
// home.run(op) work, and `jay::strand s = home;` is a handle that may be copied and kept.
//
// What becomes ready comes to the home when a worker takes it up. poll() runs what stands there when it begins, so the loop
// around it goes on however much comes. Code on a home keeps its thread until its next await that waits: what computes for
// long goes to a worker meanwhile, co_await jay::resume_on(jay::any_worker), or as a task of its own.
//
// A cancel is told where the code waits, and code that handles it runs on the home. As on a strand, to stand in its queue is
// not to wait: what is cancelled there learns of it when the thread has come to it.
//
// The end. close(), and the destructor, cancel the tasks that are on it (also those of which only a part is, such as a child
// of a gather), with the message "its home_thread has ended", and run what comes until they have left or ended. Every ten
// seconds a warning names those that it waits for. Whoever comes later gets std::runtime_error from resume_on, and has not
// moved. A home may end before its runtime or after it: a runtime that ends on the home's thread cancels its tasks, and lets
// them run there.
//
// Threads. A home_thread belongs to the thread that made it: poll, run_forever and close are called there, and anything else
// throws std::runtime_error. fd, stop, run, is_current and the handles are for any thread. Tasks of several runtimes may share
// one. A thread may have several.
#pragma once

#include <cstddef>
#include <utility>

#include <jay/strand.hpp>

namespace jay {

namespace detail {
class home_core;
/// Whether the calling thread has homes; runs what is ready on them; has each ring of theirs call f too, from now on. For what
/// blocks the thread.
JAY_API bool any_home_here() noexcept;
JAY_API void poll_homes_here() noexcept;
JAY_API void homes_here_also_call(void (*f)()) noexcept;
}  // namespace detail

class JAY_API home_thread {
 public:
  /// The calling thread's. Throws std::runtime_error inside a running task, std::system_error where the process has no more
  /// file descriptors, std::bad_alloc.
  home_thread();
  home_thread(const home_thread&) = delete;
  home_thread& operator=(const home_thread&) = delete;
  /// close(), if it has not been called; on another thread, or where close throws, the program ends with a sentence. In the
  /// child of a fork it lets everything be.
  ~home_thread();

  /// Runs what is ready, one step of each, and gives how many steps that were. Blocks for nothing else. It may be called in a
  /// nested loop, by code that runs here. std::bad_alloc: the rest is still there, and fd() readable.
  std::size_t poll();
  /// Readable when poll() has something to do. An eventfd, the home's own: watch it (level-triggered or not), and neither read,
  /// write nor close it. The same as long as the home_thread exists.
  int fd() const noexcept;

  /// Polls until stop() is called, and sleeps while nothing is ready. std::runtime_error after close().
  void run_forever();
  /// Any thread, and code that runs here. A run_forever that is under way returns when it has run what is ready; else the next
  /// one does.
  void stop() noexcept;

  /// See above: cancels what is on it, and waits until it has left. The second call does nothing. Throws std::runtime_error
  /// inside a running task; and where one of these tasks belongs to an event loop of which no run is under way, so that it
  /// could not end: close that loop first.
  void close();
  bool closed() const noexcept;

  /// As strand::run: runs op here from its beginning to its end.
  template <class Op>
  auto run(Op&& o) const {
    return strand_.run(std::forward<Op>(o));
  }
  /// Whether the calling code runs on its thread, as a task or not. A strand's handle of a home says the same.
  bool is_current() const noexcept { return strand_.is_current(); }

  operator const strand&() const noexcept { return strand_; }

 private:
  friend void detail::poll_homes_here() noexcept;
  friend void detail::homes_here_also_call(void (*f)()) noexcept;
  detail::island& island() const noexcept { return *strand_.island_; }
  detail::home_core& home() const noexcept;
  void leave_thread() noexcept;
  strand strand_;
  home_thread* next_ = nullptr;  // of its thread's
};

}  // namespace jay
