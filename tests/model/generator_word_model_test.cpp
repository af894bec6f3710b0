// SPDX-License-Identifier: MIT
// Who has an async generator, as shipped: one at a time, each sees what the one before has done, and it is destroyed once.
#include <jay/detail/generator_word.hpp>
#include <jay/detail/spin_mutex.hpp>

#include "suite.hpp"

namespace {

using jay::detail::generator_word;
using jay::detail::plain;
using jay::detail::spin_guard;
using model::execution;

struct generator {
  generator_word word;
  plain<int> values = 0;  // its frame
  plain<int> handle = 0;  // what its owner has there, also while another runs it
  bool ended = false, destroyed = false;
  int has_it = 0;
  jay::detail::spin_mutex list;  // where the runtime finds it
  bool listed = true;

  void run() {
    model::check(++has_it == 1, "two have it");
    model::check(!destroyed, "it is used after its end");
    values = values + 1;
    --has_it;
  }
  void destroy() {
    model::check(!destroyed, "it is destroyed twice");
    destroyed = true;
    values = 0;
    handle = 0;
  }
  /// A next(). False: busy.
  bool ask() {
    if (!word.enter()) return false;
    if (!ended) run();
    word.leave();
    return true;
  }
  /// Has it: runs its exits.
  void close() {
    if (!ended) run();
    {
      spin_guard g(list);
      listed = false;
    }
    ended = true;
    if (word.end()) destroy();
  }
  /// The destructor of the handle.
  void drop() {
    handle = 1;
    if (!word.drop()) return;
    if (ended) destroy();
    else close();
  }
  bool seize() {
    spin_guard g(list);
    return listed && word.seize();
  }
};

/// Its owner asks, and drops it; meanwhile the runtime ends.
void dropped_while_the_runtime_ends(execution& x) {
  auto& g = x.make<generator>();
  x.thread("owner", [&g] {
    (void)g.ask();
    g.drop();
  });
  x.thread("runtime", [&g] {
    if (g.seize()) g.close();
  });
}

/// Two tasks of which each may have it: one finds it busy, or sees what the other has done.
void asked_by_two(execution& x) {
  auto& g = x.make<generator>();
  for (int i = 0; i < 2; ++i) x.thread("asks", [&g] { (void)g.ask(); });
  x.thread("runtime", [&g] {
    if (g.seize()) g.close();
  });
}

void asked_again(execution& x) {
  auto& g = x.make<generator>();
  x.thread("asks", [&g] {
    for (int i = 0; i < 2; ++i) model::check(g.ask(), "it stands at a co_yield, and is busy");
  });
}

/// It could not be closed at first.
void given_back(execution& x) {
  auto& g = x.make<generator>();
  x.thread("owner", [&g] { g.drop(); });
  x.thread("runtime", [&g] {
    if (!g.seize()) return;
    g.run();
    g.word.give_back();
    if (g.seize()) g.close();
  });
}

const model::suite& models() {
  static const model::suite all({
      {"dropped while the runtime ends", dropped_while_the_runtime_ends, {}, false},
      {"asked by two tasks", asked_by_two, {}, false},
      {"asked again", asked_again, {}, false},
      {"given back, and closed later", given_back, {}, false},
  });
  return all;
}

TEST(GeneratorWordModel, OneHasItAtATimeAndItIsDestroyedOnce) { models().expect_holds(); }

TEST(GeneratorWordModel, EveryOrderIsNeeded) { models().expect_every_mutant_is_noticed("generator_word.hpp"); }

}  // namespace
