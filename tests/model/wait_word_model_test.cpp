// SPDX-License-Identifier: MIT
// The word of lock, semaphore and event as shipped, with a list of waiters as lock.cpp uses it: at most as many hold a permit
// as there are, each sees what was done before the release, no permit goes by who waits, and nobody is left asleep.
#include <jay/detail/wait_word.hpp>

#include <optional>
#include <utility>

#include "suite.hpp"

namespace {

using jay::detail::plain;
using jay::detail::wait_word;
using model::execution;

constexpr std::uint64_t unbounded = ~std::uint64_t{0} / wait_word::one;

struct sleeper {
  model::atomic<std::uint32_t> called{0};
  sleeper* next = nullptr;
};

struct permits {
  explicit permits(int n) : word(static_cast<std::uint64_t>(n) * wait_word::one), free(n) {}

  template <bool Exclusive>
  void acquire(sleeper& me) {
    if (!word.take<Exclusive>()) wait(me);
    model::check(--free >= 0, "more hold a permit than there are");
  }
  void wait(sleeper& me) {
    std::uint64_t w = word.lock();
    if (w >= wait_word::one) {
      model::check(first == nullptr, "a permit has gone by who waits");
      return word.unlock(w - wait_word::one);
    }
    *(first.get() ? &last.get()->next : &me.next) = nullptr;  // in the order of coming
    if (sleeper* tail = last.get()) tail->next = &me;
    else first = &me;
    last = &me;
    word.unlock(w | wait_word::waiting);
    while (me.called.load(std::memory_order_acquire) == 0) jay::detail::futex_wait(me.called, 0);
  }
  void release(std::uint64_t bound) {
    ++free;
    switch (word.give(bound)) {
      case wait_word::given::yes: return;
      case wait_word::given::too_many: return model::check(false, "given back twice");
      default: break;
    }
    std::uint64_t w = word.lock();
    sleeper* l = first;
    if (!l) return word.unlock((w + wait_word::one) & ~wait_word::waiting);
    first = l->next;
    if (!l->next) last = nullptr;
    word.unlock(l->next ? w : w & ~wait_word::waiting);
    l->called.store(1, std::memory_order_release);
    jay::detail::futex_wake(l->called, 1);
  }

  wait_word word;
  plain<sleeper*> first = nullptr, last = nullptr;  // guarded by the word
  int free;
};

/// Each in turn uses what only one may use at a time.
void exclusive(execution& x, int threads) {
  struct state {
    permits lock{1};
    plain<int> used = 0;
    sleeper sleepers[3];
  };
  auto& s = x.make<state>();
  for (int i = 0; i < threads; ++i)
    x.thread("uses", [&s, i] {
      s.lock.acquire<true>(s.sleepers[i]);
      s.used = s.used + 1;
      s.lock.release(1);
    });
}

/// What one does before it releases, who acquires sees; and it may destroy the primitive at once.
void hands_over(execution& x) {
  struct state {
    std::optional<permits> none{std::in_place, 0};
    plain<int> given = 0;
    sleeper waits;
  };
  auto& s = x.make<state>();
  x.thread("gives", [&s] {
    s.given = 1;
    s.none->release(unbounded);
  });
  x.thread("takes", [&s] {
    s.none->acquire<false>(s.waits);
    model::check(s.given == 1, "what was given is not there");
    s.none.reset();
  });
}

/// A flag: who finds it set sees what was done before.
void is_set(execution& x) {
  struct state {
    wait_word word{0};
    plain<int> given = 0;
  };
  auto& s = x.make<state>();
  x.thread("sets", [&s] {
    s.given = 1;
    std::uint64_t w = s.word.peek();
    while (!(w & (wait_word::busy | wait_word::waiting)))
      if (s.word.replace(w, wait_word::one)) return;
    s.word.unlock(s.word.lock() | wait_word::one);
  });
  x.thread("looks", [&s] {
    if (s.word.load() & wait_word::one) model::check(s.given == 1, "what was done before is not there");
  });
  x.thread("works on the list", [&s] { s.word.unlock(s.word.lock()); });
}

const model::suite& models() {
  static const model::suite all({
      {"two use one permit", [](execution& x) { exclusive(x, 2); }, {}, false},
      {"three use one permit", [](execution& x) { exclusive(x, 3); }, {}, false, true},
      {"one gives to who waits", hands_over, {}, false},
      {"a flag is set", is_set, {}, false},
  });
  return all;
}

TEST(WaitWordModel, NoPermitIsLostAndNobodyIsLeftAsleep) { models().expect_holds(); }

TEST(WaitWordModel, EveryOrderIsNeeded) { models().expect_every_mutant_is_noticed("wait_word.hpp"); }

}  // namespace
