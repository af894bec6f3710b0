// SPDX-License-Identifier: MIT
// A small stateless model checker for C++20 concurrent code.
//
// The model's threads are fibers on one OS thread. Before each operation on a model atomic, fence or futex the engine may
// switch threads; each load may return any store that memory.hpp allows. `explore` runs the model again and again, each
// time with other choices: depth first over all of them, where switching away from a thread that could go on is limited
// to `bound` times an execution (and, for large models, so may be the stale loads, to `stale`); or at random from a seed. It stops at the first execution that fails:
//   * model::check(false), or an assertion of the library, or an exception that leaves a thread
//   * a data race on a model::var, or an atomic or var used during or after its destruction
//   * every unfinished thread is blocked in a futex (a lost wake-up, a deadlock)
//   * threads that only spin, or too many steps (a livelock)
// and tells its operations one by one, with a string that replays it (JAY_MODEL_REPLAY, or options::replay).
//
//   auto r = model::explore({}, [](model::execution& x) {
//     auto& s = x.make<state>();                       // made anew for each execution
//     x.thread("writer", [&] { s.data = 1; s.ready.store(true, std::memory_order_release); });
//     x.thread("reader", [&] { if (s.ready.load(std::memory_order_acquire)) model::check(s.data == 1, "stale"); });
//     x.finally([&] { ... });                          // when all threads have ended
//   });
//
// A model must do the same each time it is given the same choices: no clocks, no addresses compared, no random numbers.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "mutation.hpp"

namespace model {

// What the seam's asymmetric fences and the orders asym_store, asym_load are (scheduler's detail/sync.hpp):
enum class asymmetry : std::uint8_t {
  operations,  // fences do nothing, the orders are seq_cst: as under ThreadSanitizer
  membarrier,  // light does nothing, heavy is a full fence of every thread; release and acquire: as shipped
  fences,      // both are seq_cst fences; release and acquire: as shipped, without membarrier
};
inline constexpr asymmetry all_asymmetries[] = {asymmetry::operations, asymmetry::membarrier, asymmetry::fences};
const char* name_of(asymmetry a);

struct options {
  static constexpr int unlimited = 1 << 30;
  int bound = default_bound();  // preemptions per execution; JAY_MODEL_BOUND, else 3, 4 when JAY_SOAK=1
  int stale = unlimited;        // loads that return another store than the newest, per execution
  asymmetry fences = asymmetry::operations;
  int spurious = 0;                  // futex_waits that return, and weak CASes that fail, for no reason, per execution
  bool reorder_stores = false;       // also modification orders other than the order of execution
  bool timeouts = true;              // timed waits may time out while something else could run
  int max_steps = 3000;              // of one execution: more is a livelock
  std::uint64_t max_executions = 0;  // 0: no limit
  std::uint64_t random_executions = 0;  // not 0: so many at random, instead of depth first
  std::uint64_t seed = 1;               // of those
  std::string replay;                   // one execution only: what a failure printed; JAY_MODEL_REPLAY
  const mutant* seeded = nullptr;       // a bug to put into the code under test
  operation_log* log = nullptr;         // where to note the operations seen

  static int default_bound();
  static bool soak();
};

struct outcome {
  bool failed = false;
  bool complete = false;  // every execution within the bound was looked at
  std::string reason;
  std::string trace;  // the failing execution's operations
  std::string replay;
  std::uint64_t executions = 0;
  std::uint64_t steps = 0;
  double seconds = 0;

  std::string text() const;  // all of it, to show to a person
};

// One execution of a model, while it is being set up.
class execution {
 public:
  // An object that lives until the end of the execution, or until x.destroy(object).
  template <class T, class... Args>
  T& make(Args&&... args) {
    void* p = allocate(sizeof(T), alignof(T));
    T* object = ::new (p) T(std::forward<Args>(args)...);
    on_end(object, [](void* o) { static_cast<T*>(o)->~T(); });
    return *object;
  }
  // For a thread to end an object's life early. Its memory is not used again in this execution, so that a late access is found.
  template <class T>
  void destroy(T& object) {
    if (forget(&object)) object.~T();
  }

  template <class F>
  void thread(const char* name, F&& body) {
    using fn = std::decay_t<F>;
    add_thread(name, &make<fn>(std::forward<F>(body)), [](void* f) { (*static_cast<fn*>(f))(); });
  }
  template <class F>
  void finally(F&& body) {
    using fn = std::decay_t<F>;
    set_finally(&make<fn>(std::forward<F>(body)), [](void* f) { (*static_cast<fn*>(f))(); });
  }
  // A name for an atomic in the trace.
  template <class Atomic>
  void name(const Atomic& a, const char* text) {
    name_location(a.model_location(), text);
  }

 private:
  void* allocate(std::size_t bytes, std::size_t align);
  void on_end(void* object, void (*end)(void*));
  bool forget(void* object);
  void add_thread(const char* name, void* f, void (*call)(void*));
  void set_finally(void* f, void (*call)(void*));
  void name_location(int id, const char* text);
};

outcome explore(const options& o, const std::function<void(execution&)>& set_up);

// Fails the execution unless the condition holds.
void check(bool condition, const char* what);
[[noreturn]] void fail(const std::string& what);
// The running thread's number in the order of their making; -1 outside the threads.
int this_thread();
// Notes a line in the trace.
void note(const char* text);

}  // namespace model
