// SPDX-License-Identifier: MIT
// What hangs on a scheduler and ends with it: the reactor, the pool for blocking calls, the engine for files, and what
// other libraries add. There is at most one service of a type on each scheduler. It is made at its first use, or by name
// when a runtime starts (make_service), and found again from every task (service_of).
//
// Services end in the reverse order of their making, in two steps. What a constructor asks for by service_of is therefore
// made earlier and ends later.
//   stop()      All tasks have ended. The workers still run, and so does every service that was made earlier.
//               Here a service ends its threads, and closes what others could still reach.
//   destructor  Every service has stopped and the workers have ended: no thread of the runtime is left that could look.
// A runtime whose start fails ends in the same way what it has made so far. In the child of a fork, which has none of the
// threads, nothing is stopped or destroyed.
//
// A constructor may throw: who asked gets the error, and the next who asks tries anew. While it runs, every other thread
// that asks for a service that is not made yet waits. So it waits for no thread that might ask for one.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <jay/detail/export.hpp>
#include <jay/detail/sync.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {

class service;

/// Stands for a type of service: `static service_key key;`, a member of the type, defined in one source file.
struct service_key {
  const char* name;
  /// Makes it at the first use. Throws where it has to be made when the runtime starts.
  std::unique_ptr<service> (*make)(scheduler& s);
  /// Where each scheduler keeps it; 0: not known yet, or there was no place left. Given out once a process.
  atomic<std::uint32_t> place{0};
};

/// For service_key::make, of a type that is made from the scheduler alone.
template <class T>
std::unique_ptr<service> make_at_first_use(scheduler& s) {
  return std::make_unique<T>(s);
}

/// The end of a runtime, as a service that stops sees it. This one waits for nothing.
class JAY_API ending {
 public:
  explicit ending(std::chrono::duration<double> limit = {}) noexcept : limit_(limit) {}
  ending(const ending&) = delete;

  /// How long a service may wait, since the first of them stops; then it says what it leaves behind.
  std::chrono::duration<double> limit() const noexcept { return limit_; }
  std::chrono::steady_clock::time_point begun() const noexcept { return begun_; }
  std::chrono::steady_clock::time_point until() const noexcept {
    return begun_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit_);
  }
  /// How often a service that waits calls waits_for.
  static constexpr std::chrono::milliseconds step{100};
  /// Told by a service that waits: a user who has asked learns what for.
  virtual void waits_for(const char* what, const std::string& names) noexcept;

 protected:
  ~ending() = default;

 private:
  const std::chrono::duration<double> limit_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

class JAY_API service {
 public:
  service() noexcept = default;
  service(const service&) = delete;
  virtual ~service();
  /// Once. See above.
  virtual void stop(ending& e) noexcept;

 private:
  friend class services;
  service* before_ = nullptr;  // made before this one
  const service_key* key_ = nullptr;
};

/// Those of one scheduler.
class JAY_API services {
 public:
  using maker = std::function<std::unique_ptr<service>()>;

  explicit services(scheduler& s) noexcept : sched_(s) {}
  services(const services&) = delete;
  ~services();

  /// Null: not made yet, or it stands in no place.
  service* find(const service_key& key) const noexcept {
    // relaxed: place 0 is always empty. [V1] acquire: with the release in add, so that what the constructor wrote is seen.
    return places_[key.place.load(std::memory_order_relaxed)].load(std::memory_order_acquire);
  }
  /// Finds it where find does not, or makes it. Throws what the constructor throws; std::logic_error where that asks for
  /// the very service; std::runtime_error while the runtime ends, and in the child of a fork.
  service& find_or_make(service_key& key);
  /// Makes the one of this key so. std::logic_error where it is there already.
  service& make(service_key& key, const maker& m);

  /// The first step of the end, for those that it has not been done for. From now on none is made.
  void stop(ending& e) noexcept;
  void stop() noexcept;  // waiting for nothing
  /// The second one.
  void end() noexcept;

 private:
  service* look(const service_key& key) const noexcept;
  service& add(service_key& key, const maker& m);

  scheduler& sched_;
  std::array<atomic<service*>, 32> places_{};
  std::recursive_mutex mutex_;  // recursive: a constructor asks for other services. Guards what follows
  service* last_ = nullptr;     // made last
  struct under_way {
    const service_key& key;
    const under_way* outer;
  };
  const under_way* making_ = nullptr;  // on the stack of the thread that has the lock
  bool ending_ = false;
  service* to_stop_ = nullptr;  // the ending thread's: made last, of those that have not stopped
};

/// The service of type T of this scheduler: as cheap as a member of it, but for the first time.
template <class T>
T& service_of(scheduler& s) {
  if (service* there = s.services().find(T::key)) [[likely]] return static_cast<T&>(*there);
  return static_cast<T&>(s.services().find_or_make(T::key));
}

/// Makes the service from the scheduler and these arguments, when a runtime starts.
template <class T, class... Args>
T& make_service(scheduler& s, const Args&... args) {
  return static_cast<T&>(s.services().make(T::key, [&] { return std::make_unique<T>(s, args...); }));
}

}  // namespace jay::detail
