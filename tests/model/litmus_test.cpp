// SPDX-License-Identifier: MIT
// The checker's memory model against the classical litmus tests: an outcome that C++20 allows must be found, one that it
// forbids must not be. Names as in the literature (J. Alglave, L. Maranget, M. Tautschnig: Herding Cats, 2014).
#include "atomic.hpp"
#include "expect.hpp"
#include "model_sync.hpp"
#include "var.hpp"

namespace {

using model::atomic;
using model::execution;
using model::var;
using enum std::memory_order;
using order = std::memory_order;

struct registers {
  int a = -1, b = -1, c = -1, d = -1;
};
struct shared : registers {
  atomic<int> x{0}, y{0}, z{0};
};

// Explores the threads and says whether some execution ends in the outcome.
struct litmus {
  model::options options{};
  std::vector<void (*)(shared&)> threads;

  bool finds(bool (*outcome)(const shared&)) const {
    auto r = model::explore(options, [&](execution& x) {
      auto& s = x.make<shared>();
      for (auto* body : threads) x.thread("thread", [body, &s] { body(s); });
      x.finally([&s, outcome] { model::check(!outcome(s), "the outcome"); });
    });
    EXPECT_TRUE(!r.failed || r.reason == "the outcome") << r.text();
    EXPECT_TRUE(r.failed || r.complete);
    return r.failed;
  }
};

template <order Store, order Load>
litmus store_buffering() {
  return {.threads = {[](shared& s) { s.x.store(1, Store), s.a = s.y.load(Load); },
                      [](shared& s) { s.y.store(1, Store), s.b = s.x.load(Load); }}};
}
bool both_zero(const shared& s) { return s.a == 0 && s.b == 0; }

TEST(Litmus, StoreBufferingRelaxedIsFound) { EXPECT_TRUE((store_buffering<relaxed, relaxed>().finds(both_zero))); }
TEST(Litmus, StoreBufferingReleaseAcquireIsFound) {
  EXPECT_TRUE((store_buffering<release, acquire>().finds(both_zero)));
}
TEST(Litmus, StoreBufferingWithOneSeqCstSideIsFound) {
  litmus t = {.threads = {[](shared& s) { s.x.store(1, seq_cst), s.a = s.y.load(seq_cst); },
                          [](shared& s) { s.y.store(1, release), s.b = s.x.load(seq_cst); }}};
  EXPECT_TRUE(t.finds(both_zero));
}
TEST(Litmus, StoreBufferingSeqCstIsForbidden) { EXPECT_FALSE((store_buffering<seq_cst, seq_cst>().finds(both_zero))); }
TEST(Litmus, StoreBufferingSeqCstFencesIsForbidden) {
  litmus t = {
      .threads = {[](shared& s) { s.x.store(1, relaxed), jay::detail::fence(seq_cst), s.a = s.y.load(relaxed); },
                  [](shared& s) { s.y.store(1, relaxed), jay::detail::fence(seq_cst), s.b = s.x.load(relaxed); }}};
  EXPECT_FALSE(t.finds(both_zero));
}
TEST(Litmus, StoreBufferingAcqRelFencesIsFound) {
  litmus t = {
      .threads = {[](shared& s) { s.x.store(1, relaxed), jay::detail::fence(acq_rel), s.a = s.y.load(relaxed); },
                  [](shared& s) { s.y.store(1, relaxed), jay::detail::fence(acq_rel), s.b = s.x.load(relaxed); }}};
  EXPECT_TRUE(t.finds(both_zero));
}
TEST(Litmus, StoreBufferingFenceAgainstSeqCstOperationsIsForbidden) {
  litmus t = {
      .threads = {[](shared& s) { s.x.store(1, relaxed), jay::detail::fence(seq_cst), s.a = s.y.load(relaxed); },
                  [](shared& s) { s.y.store(1, seq_cst), s.b = s.x.load(seq_cst); }}};
  EXPECT_FALSE(t.finds(both_zero));
}
TEST(Litmus, StoreBufferingReadModifyWritesIsForbidden) {  // each reads the newest: an exchange of the other's location
  litmus t = {.threads = {[](shared& s) { s.x.exchange(1, acq_rel), s.a = s.y.fetch_add(0, acq_rel); },
                          [](shared& s) { s.y.exchange(1, acq_rel), s.b = s.x.fetch_add(0, acq_rel); }}};
  EXPECT_FALSE(t.finds(both_zero));
}
TEST(Litmus, StoreBufferingAsymmetricFences) {
  litmus t = {.threads = {[](shared& s) {
                            s.x.store(1, jay::detail::asym_store), jay::detail::asymmetric_light(),
                                s.a = s.y.load(jay::detail::asym_load);
                          },
                          [](shared& s) {
                            s.y.store(1, jay::detail::asym_store), jay::detail::asymmetric_heavy(),
                                s.b = s.x.load(jay::detail::asym_load);
                          }}};
  for (auto a : model::all_asymmetries) {
    t.options.fences = a;
    EXPECT_FALSE(t.finds(both_zero)) << model::name_of(a);
  }
}
TEST(Litmus, StoreBufferingTwoLightFencesIsFound) {
  litmus t = {
      .threads = {[](shared& s) { s.x.store(1, relaxed), jay::detail::asymmetric_light(), s.a = s.y.load(relaxed); },
                  [](shared& s) { s.y.store(1, relaxed), jay::detail::asymmetric_light(), s.b = s.x.load(relaxed); }}};
  t.options.fences = model::asymmetry::membarrier;
  EXPECT_TRUE(t.finds(both_zero));
}

template <order Store, order Load>
litmus message_passing() {
  return {.threads = {[](shared& s) { s.x.store(1, relaxed), s.y.store(1, Store); },
                      [](shared& s) { s.a = s.y.load(Load), s.b = s.x.load(relaxed); }}};
}
bool flag_without_data(const shared& s) { return s.a == 1 && s.b == 0; }

TEST(Litmus, MessagePassingRelaxedIsFound) {
  EXPECT_TRUE((message_passing<relaxed, relaxed>().finds(flag_without_data)));
}
TEST(Litmus, MessagePassingReleaseOnlyIsFound) {
  EXPECT_TRUE((message_passing<release, relaxed>().finds(flag_without_data)));
}
TEST(Litmus, MessagePassingAcquireOnlyIsFound) {
  EXPECT_TRUE((message_passing<relaxed, acquire>().finds(flag_without_data)));
}
TEST(Litmus, MessagePassingReleaseAcquireIsForbidden) {
  EXPECT_FALSE((message_passing<release, acquire>().finds(flag_without_data)));
}
TEST(Litmus, MessagePassingFencesIsForbidden) {
  litmus t = {
      .threads = {[](shared& s) { s.x.store(1, relaxed), jay::detail::fence(release), s.y.store(1, relaxed); },
                  [](shared& s) { s.a = s.y.load(relaxed), jay::detail::fence(acquire), s.b = s.x.load(relaxed); }}};
  EXPECT_FALSE(t.finds(flag_without_data));
}
TEST(Litmus, MessagePassingOneFenceIsFound) {
  litmus t = {.threads = {[](shared& s) { s.x.store(1, relaxed), jay::detail::fence(release), s.y.store(1, relaxed); },
                          [](shared& s) { s.a = s.y.load(relaxed), s.b = s.x.load(relaxed); }}};
  EXPECT_TRUE(t.finds(flag_without_data));
}

template <order Store, order Load>
litmus independent_reads_of_independent_writes() {
  return {.threads = {[](shared& s) { s.x.store(1, Store); }, [](shared& s) { s.y.store(1, Store); },
                      [](shared& s) { s.a = s.x.load(Load), s.b = s.y.load(Load); },
                      [](shared& s) { s.c = s.y.load(Load), s.d = s.x.load(Load); }}};
}
bool readers_disagree(const shared& s) { return s.a == 1 && s.b == 0 && s.c == 1 && s.d == 0; }

TEST(Litmus, IriwReleaseAcquireIsFound) {
  EXPECT_TRUE((independent_reads_of_independent_writes<release, acquire>().finds(readers_disagree)));
}
TEST(Litmus, IriwSeqCstIsForbidden) {
  EXPECT_FALSE((independent_reads_of_independent_writes<seq_cst, seq_cst>().finds(readers_disagree)));
}
TEST(Litmus, IriwReadersFencesIsForbidden) {
  litmus t = {
      .threads = {[](shared& s) { s.x.store(1, relaxed); }, [](shared& s) { s.y.store(1, relaxed); },
                  [](shared& s) { s.a = s.x.load(relaxed), jay::detail::fence(seq_cst), s.b = s.y.load(relaxed); },
                  [](shared& s) { s.c = s.y.load(relaxed), jay::detail::fence(seq_cst), s.d = s.x.load(relaxed); }}};
  EXPECT_FALSE(t.finds(readers_disagree));
}
TEST(Litmus, IriwRelaxedStoresReadBySeqCstLoadsIsForbidden) {  // [atomics.order]/4 speaks of the reads themselves
  EXPECT_FALSE((independent_reads_of_independent_writes<relaxed, seq_cst>().finds(readers_disagree)));
}

TEST(Litmus, ReadsOfOneLocationAgreeWithItsOrder) {  // CoRR
  litmus t = {.threads = {[](shared& s) { s.x.store(1, relaxed), s.x.store(2, relaxed); },
                          [](shared& s) { s.a = s.x.load(relaxed), s.b = s.x.load(relaxed); }}};
  EXPECT_TRUE(t.finds([](const shared& s) { return s.a == 1 && s.b == 2; }));
  EXPECT_FALSE(t.finds([](const shared& s) { return s.a > s.b; }));
}
TEST(Litmus, ReadersAgreeOnTheOrderOfOneLocation) {  // CoRR2, with modification orders of either kind
  litmus t = {.threads = {[](shared& s) { s.x.store(1, relaxed); }, [](shared& s) { s.x.store(2, relaxed); },
                          [](shared& s) { s.a = s.x.load(relaxed), s.b = s.x.load(relaxed); },
                          [](shared& s) { s.c = s.x.load(relaxed), s.d = s.x.load(relaxed); }}};
  t.options.reorder_stores = true;
  EXPECT_FALSE(t.finds([](const shared& s) { return s.a == 1 && s.b == 2 && s.c == 2 && s.d == 1; }));
}
TEST(Litmus, AThreadSeesItsOwnStores) {  // CoWR
  litmus t = {.threads = {[](shared& s) { s.x.store(1, relaxed), s.a = s.x.load(relaxed); },
                          [](shared& s) { s.x.store(2, relaxed); }}};
  t.options.reorder_stores = true;
  EXPECT_FALSE(t.finds([](const shared& s) { return s.a == 0; }));
  EXPECT_TRUE(t.finds([](const shared& s) { return s.a == 2; }));
}
TEST(Litmus, AStoreFollowsWhatItsThreadHasRead) {  // CoRW: of x = 1, then 2 after reading 1, the final value is 2
  litmus t = {.threads = {[](shared& s) { s.x.store(1, relaxed); },
                          [](shared& s) { s.a = s.x.load(relaxed), s.x.store(2, relaxed); }}};
  t.options.reorder_stores = true;
  EXPECT_FALSE(t.finds([](const shared& s) { return s.a == 1 && s.x.load() == 1; }));
}

// r1 = x; y = 1 || r2 = y; x = 1: C++20 allows r1 = r2 = 1, hardware does it, the checker cannot: loads see only stores
// that have been made. This states the limit.
TEST(Litmus, LoadBufferingIsNotExplored) {
  litmus t = {.threads = {[](shared& s) { s.a = s.x.load(relaxed), s.y.store(1, relaxed); },
                          [](shared& s) { s.b = s.y.load(relaxed), s.x.store(1, relaxed); }}};
  EXPECT_FALSE(t.finds([](const shared& s) { return s.a == 1 && s.b == 1; }));
}

template <order First, order Second>
litmus two_plus_two_writes() {
  litmus t = {.threads = {[](shared& s) { s.x.store(1, First), s.y.store(2, Second); },
                          [](shared& s) { s.y.store(1, First), s.x.store(2, Second); }}};
  t.options.reorder_stores = true;
  return t;
}
bool both_first(const shared& s) { return s.x.load() == 1 && s.y.load() == 1; }

TEST(Litmus, TwoPlusTwoWritesRelaxedIsFound) {
  EXPECT_TRUE((two_plus_two_writes<relaxed, relaxed>().finds(both_first)));
}
TEST(Litmus, TwoPlusTwoWritesReleaseIsFound) {
  EXPECT_TRUE((two_plus_two_writes<release, release>().finds(both_first)));
}
TEST(Litmus, TwoPlusTwoWritesSeqCstIsForbidden) {
  EXPECT_FALSE((two_plus_two_writes<seq_cst, seq_cst>().finds(both_first)));
}
TEST(Litmus, TwoPlusTwoWritesFencesIsForbidden) {
  litmus t = {
      .threads = {[](shared& s) { s.x.store(1, relaxed), jay::detail::fence(seq_cst), s.y.store(2, relaxed); },
                  [](shared& s) { s.y.store(1, relaxed), jay::detail::fence(seq_cst), s.x.store(2, relaxed); }}};
  t.options.reorder_stores = true;
  EXPECT_FALSE(t.finds(both_first));
}
TEST(Litmus, TwoPlusTwoWritesNeedsReorderedStores) {
  auto t = two_plus_two_writes<relaxed, relaxed>();
  t.options.reorder_stores = false;
  EXPECT_FALSE(t.finds(both_first));
}

TEST(Litmus, ReadModifyWritesAreAtomic) {
  for (bool reorder : {false, true}) {
    litmus t = {.threads = {[](shared& s) { s.x.fetch_add(1, relaxed), s.x.fetch_add(1, relaxed); },
                            [](shared& s) { s.x.fetch_add(1, relaxed); },
                            [](shared& s) { s.x.fetch_add(1, relaxed); }}};
    t.options.reorder_stores = reorder;
    EXPECT_FALSE(t.finds([](const shared& s) { return s.x.load() != 4; }));
  }
}
TEST(Litmus, LoadThenStoreIsNotAtomic) {
  litmus t = {.threads = {[](shared& s) { s.x.store(s.x.load() + 1); }, [](shared& s) { s.x.store(s.x.load() + 1); }}};
  EXPECT_TRUE(t.finds([](const shared& s) { return s.x.load() == 1; }));
}
TEST(Litmus, OneOfTwoCompareExchangesWins) {
  litmus t = {.threads = {[](shared& s) {
                            int e = 0;
                            s.a = s.x.compare_exchange_strong(e, 1, relaxed, relaxed);
                          },
                          [](shared& s) {
                            int e = 0;
                            s.b = s.x.compare_exchange_strong(e, 2, relaxed, relaxed);
                          }}};
  EXPECT_FALSE(t.finds([](const shared& s) { return s.a == s.b; }));
}
TEST(Litmus, AFailedCompareExchangeMayReadAnOldValue) {
  litmus t = {.threads = {[](shared& s) { s.x.store(1, relaxed), s.y.store(1, seq_cst); },
                          [](shared& s) {
                            s.a = s.y.load(relaxed);
                            s.b = 7;
                            s.x.compare_exchange_strong(s.b, 8, relaxed, relaxed);
                          }}};
  EXPECT_TRUE(t.finds([](const shared& s) { return s.a == 1 && s.b == 0; }));
}
TEST(Litmus, AWeakCompareExchangeMayFailForNoReason) {
  litmus t = {.threads = {[](shared& s) {
                int e = 0;
                s.a = s.x.compare_exchange_weak(e, 1);
              }}};
  EXPECT_FALSE(t.finds([](const shared& s) { return s.a == 0; }));
  t.options.spurious = 1;
  EXPECT_TRUE(t.finds([](const shared& s) { return s.a == 0; }));
}

// A release store, continued by another thread's relaxed read-modify-write: whoever acquires from the latter synchronises
// with the former.
TEST(Litmus, AReleaseSequenceGoesOnThroughReadModifyWrites) {
  litmus t = {.threads = {[](shared& s) { s.x.store(1, relaxed), s.y.store(1, release); },
                          [](shared& s) { s.y.fetch_add(1, relaxed); },
                          [](shared& s) { s.a = s.y.load(acquire), s.b = s.x.load(relaxed); }}};
  EXPECT_FALSE(t.finds([](const shared& s) { return s.a == 2 && s.b == 0; }));
}
TEST(Litmus, AReleaseSequenceEndsAtAPlainStore) {  // also of the same thread, since C++20
  litmus t = {.threads = {[](shared& s) { s.x.store(1, relaxed), s.y.store(1, release), s.y.store(2, relaxed); },
                          [](shared& s) { s.a = s.y.load(acquire), s.b = s.x.load(relaxed); }}};
  EXPECT_TRUE(t.finds([](const shared& s) { return s.a == 2 && s.b == 0; }));
}

template <order Store, order Load>
litmus write_to_read_causality() {
  return {.threads = {[](shared& s) { s.x.store(1, Store); },
                      [](shared& s) { s.a = s.x.load(Load), s.y.store(1, Store); },
                      [](shared& s) { s.b = s.y.load(Load), s.c = s.x.load(relaxed); }}};
}
bool effect_without_cause(const shared& s) { return s.a == 1 && s.b == 1 && s.c == 0; }

TEST(Litmus, WriteToReadCausalityRelaxedIsFound) {
  EXPECT_TRUE((write_to_read_causality<relaxed, relaxed>().finds(effect_without_cause)));
}
TEST(Litmus, WriteToReadCausalityReleaseAcquireIsForbidden) {
  EXPECT_FALSE((write_to_read_causality<release, acquire>().finds(effect_without_cause)));
}

// S: x = 2; y = 1 || r = y; x = 1. Final x = 2 with r = 1 needs x = 1 to be ordered before x = 2.
TEST(Litmus, AStoreBehindAnAcquireIsNotOrderedEarlier) {
  litmus relaxed_s = {.threads = {[](shared& s) { s.x.store(2, relaxed), s.y.store(1, relaxed); },
                                  [](shared& s) { s.a = s.y.load(relaxed), s.x.store(1, relaxed); }}};
  litmus ordered_s = {.threads = {[](shared& s) { s.x.store(2, relaxed), s.y.store(1, release); },
                                  [](shared& s) { s.a = s.y.load(acquire), s.x.store(1, relaxed); }}};
  relaxed_s.options.reorder_stores = ordered_s.options.reorder_stores = true;
  auto outcome = [](const shared& s) { return s.a == 1 && s.x.load() == 2; };
  EXPECT_TRUE(relaxed_s.finds(outcome));
  EXPECT_FALSE(ordered_s.finds(outcome));
}

// R: x = 1; y = 1 || y = 2; r = x.
TEST(Litmus, AStoreOrderedAfterAnothersMayStillReadOld) {
  litmus weak = {.threads = {[](shared& s) { s.x.store(1, release), s.y.store(1, release); },
                             [](shared& s) { s.y.store(2, release), s.a = s.x.load(acquire); }}};
  litmus strong = {
      .threads = {[](shared& s) { s.x.store(1), s.y.store(1); }, [](shared& s) { s.y.store(2), s.a = s.x.load(); }}};
  auto outcome = [](const shared& s) { return s.y.load() == 2 && s.a == 0; };
  EXPECT_TRUE(weak.finds(outcome));
  EXPECT_FALSE(strong.finds(outcome));
}

// A fence orders through synchronisation, too: the fence's thread tells a third one, which must see what the fence saw.
TEST(Litmus, ASeqCstFenceReachesThreadsThatSynchroniseWithItsThread) {
  litmus t = {
      .threads = {[](shared& s) { s.x.store(1, relaxed), jay::detail::fence(seq_cst), s.a = s.y.load(relaxed); },
                  [](shared& s) { s.y.store(1, relaxed), jay::detail::fence(seq_cst), s.z.store(1, release); },
                  [](shared& s) { s.c = s.z.load(acquire), s.b = s.x.load(relaxed); }}};
  EXPECT_FALSE(t.finds([](const shared& s) { return s.a == 0 && s.c == 1 && s.b == 0; }));
}

}  // namespace
