// SPDX-License-Identifier: MIT
// Atomic operations as tools/atomic_orders.py sees them. LINT and a word stand where a partner, or a reason, is missing;
// everything else is right. The build does not compile it.
#include <atomic>

inline void asymmetric_light() {}

// The orders, as the libraries write them.
constexpr std::memory_order relaxed = std::memory_order_relaxed;

class flag {
 public:
  void raise() noexcept { up_.store(true, std::memory_order_release); }  // [A1] release: what was done before
  bool seen() const noexcept { return up_.load(std::memory_order_acquire); }  // [A1] acquire
  // [A1] acquire: on the line above
  bool seen_too() const noexcept { return up_.load(std::memory_order_acquire); }
  /// [A1] acquire: above the head of the function
  bool seen_again() const noexcept {
    return up_.load(std::memory_order_acquire);
  }

  bool alone() const noexcept { return up_.load(std::memory_order_acquire); }      // LINT: partner

  bool with_words() const noexcept { return up_.load(std::memory_order_acquire); } // acquire: with care  LINT: partner

  bool one_tag() const noexcept { return up_.load(std::memory_order_acquire); }    // [A9] nowhere else  LINT: partner

  bool by_name() const noexcept { return up_.load(std::memory_order_acquire); }    // acquire: with raise

  bool without() const noexcept { return up_.load(); }                             // LINT: partner

  void clear() noexcept { up_ = false; }                                           // LINT: partner

  void toggle() noexcept { up_.exchange(true); }                                   // LINT: partner

  bool hint() const noexcept { return up_.load(std::memory_order_relaxed); }       // relaxed: a hint

  bool bare() const noexcept { return up_.load(std::memory_order_relaxed); }       // LINT: reason

  bool no_reason() const noexcept { return up_.load(std::memory_order_relaxed); }  // it is relaxed  LINT: reason

 private:
  std::atomic<bool> up_{false};
};

struct counters {
  // relaxed: for display
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  std::atomic<int> failed{0}, tried{0};  // relaxed: for display, too

  std::atomic<int> other{0};

  void begin() { begun.fetch_add(1, std::memory_order_relaxed); }
  void end() {
    ended.fetch_add(1, relaxed);
    tried.fetch_add(1, std::memory_order_relaxed);
    failed.store(tried.load(relaxed), relaxed);
  }

  void more() { other.fetch_add(1, std::memory_order_relaxed); }               // LINT: reason

  void mixed() { other.store(begun.load(relaxed), std::memory_order_relaxed); } // LINT: reason

  void strong() { begun.fetch_add(1, std::memory_order_acq_rel); }             // LINT: partner

  void bump() { ++other; }                                                     // LINT: partner
};

/// relaxed: only one thread comes here
inline int throughout(std::atomic<int>& n) {
  int sum = n.load(relaxed);
  if (sum == 0) {
    sum += 1;
    n.store(sum, relaxed);
  }
  return sum;
}

inline void several(std::atomic<int>& a, std::atomic<int>& b) {
  // [A2] release: both are told
  a.store(1, std::memory_order_release);
  b.store(1, std::memory_order_release);
  int more = 0;
  a.store(more, std::memory_order_release);  // LINT: partner

  asymmetric_light();                         // [A2] a fence is one too
  more = 1;
  asymmetric_light();  // LINT: partner
}

inline bool swapped(std::atomic<int>& n) {
  int was = 0;
  // [A2] acq_rel: the order of a failure needs no reason
  if (n.compare_exchange_strong(was, 1, std::memory_order_acq_rel,
                                std::memory_order_relaxed))
    return true;
  was = 0;
  if (n.compare_exchange_strong(was, 1, std::memory_order_acq_rel,  // LINT: partner
                                std::memory_order_relaxed))
    return true;
  was = 0;
  return n.compare_exchange_strong(was, 1, relaxed);  // LINT: reason
}

inline int both(std::atomic<int>& n) {
  return n.load(relaxed) + n.load(std::memory_order_acquire);  // [A2] acquire; relaxed: a hint
}
inline int half(std::atomic<int>& n) {
  return n.load(relaxed) + n.load(std::memory_order_acquire);  // [A2] acquire  LINT: reason
}
