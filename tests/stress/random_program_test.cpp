// SPDX-License-Identifier: MIT
// Random programs: trees of tasks put together from everything that composes, with errors, limits that pass and cancels
// at any moment. Each node has a value that its seed alone decides, so every parent knows what each child must give;
// and every coroutine that begins must end.
//
// JAY_SEED=n runs the one program of that seed. JAY_SOAK=1 runs a hundred times as many.
#include <jay/jay.hpp>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <jay/detail/sync.hpp>
#include <jay/testing.hpp>

namespace {

using namespace std::chrono_literals;

std::atomic<long> alive{0};
std::atomic<std::uint64_t> running_seed{0};

struct counted {
  counted() { alive.fetch_add(1); }
  counted(const counted&) = delete;
  ~counted() { alive.fetch_sub(1); }
};

struct failure : std::runtime_error {
  explicit failure(std::uint64_t s) : std::runtime_error("meant to fail"), seed(s) {}
  std::uint64_t seed;
};

#if JAY_TSAN
constexpr int programs_at_once = 300;
constexpr unsigned patience = 90;  // seconds for one program
#else
constexpr int programs_at_once = 1000;
constexpr unsigned patience = 20;
#endif

std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}
/// What the node of this seed must give.
std::uint64_t value_of(std::uint64_t seed) { return mix(seed ^ 0x5eed); }

/// A node's own source of choices, and its children's seeds.
class choices {
 public:
  explicit choices(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() { return state_ = mix(state_); }
  unsigned below(unsigned n) { return static_cast<unsigned>(next() % n); }

 private:
  std::uint64_t state_;
};

void check(std::uint64_t seed, std::uint64_t got) {
  if (got != value_of(seed)) throw std::logic_error("a node gave another node's value");
}
void check(bool right, const char* what) {
  if (!right) throw std::logic_error(what);
}

/// How many kinds of nodes there are. A seed's program depends on it, so those that are kept say theirs.
constexpr unsigned kinds_today = 32, kinds_before_scopes = 24;

struct shared_things {
  unsigned kinds = kinds_today;
  jay::lock lock;
  jay::semaphore permits{3};
  jay::context_var<std::uint64_t> var{"var"};
};

using number = std::uint64_t;
jay::task<number> node(shared_things& sh, number seed, int depth);

jay::task<number> leaf(shared_things& sh, number seed) {
  counted c;
  choices ch(seed);
  switch (ch.below(8)) {
    case 0: co_await jay::sleep(0s); break;
    case 1: co_await jay::sleep(std::chrono::microseconds(ch.below(300))); break;
    case 2: {
      auto g = co_await sh.lock.scoped();
      co_await jay::sleep(0s);
      break;
    }
    case 3: {
      auto g = co_await sh.permits.scoped();
      co_await jay::sleep(std::chrono::microseconds(ch.below(50)));
      break;
    }
    case 4: {
      number v = co_await jay::to_thread([](number s) { return value_of(s); }, seed);
      check(seed, v);
      break;
    }
    case 5: {
      auto [p, f] = jay::with_resolvers<number>();
      auto set = [](jay::promise<number> to, number s) {
        try {
          to.set_result(value_of(s));
        } catch (const jay::invalid_state_error&) {  // who awaited it was cancelled, and with that the future
        }
      };
      auto setter = jay::create_task(jay::to_thread(set, p, seed));
      number v = co_await f;
      check(seed, v);
      co_await setter;
      break;
    }
    case 6: co_await jay::checkpoint(); break;
    default: break;
  }
  co_return value_of(seed);
}

jay::task<number> fails(number seed, bool late) {
  counted c;
  if (late) co_await jay::sleep(std::chrono::microseconds(seed % 200));
  throw failure(seed);
  co_return 0;
}

/// Runs the child, and then never ends by itself.
jay::task<number> endless(shared_things& sh, number seed, int depth) {
  counted c;
  number v = co_await node(sh, seed, depth);
  check(seed, v);
  co_await jay::sleep(1h);
  co_return 0;
}

jay::task<> put_value(jay::queue<number>& q, shared_things& sh, number seed, int depth) {
  counted c;
  number v = co_await node(sh, seed, depth);
  co_await q.put(v);
}

jay::task<> meet(jay::barrier& b, shared_things& sh, number seed, int depth) {
  counted c;
  number v = co_await node(sh, seed, depth);
  check(seed, v);
  co_await b.wait();
}

jay::task<> set_event(jay::event& e, shared_things& sh, number seed, int depth) {
  counted c;
  number v = co_await node(sh, seed, depth);
  check(seed, v);
  e.set();
}

jay::task<number> cleaning(shared_things& sh, number seed, int depth, int& cleaned) {
  counted c;
  auto clean = [](int& n) -> jay::task<> {
    co_await jay::sleep(0s);
    ++n;
  };
  co_await jay::defer(clean, std::ref(cleaned));
  co_return co_await node(sh, seed, depth);
}

jay::task<> in_context(shared_things& sh, number seed, int depth) {
  counted c;
  auto token = sh.var.set(seed);
  number v = co_await node(sh, seed, depth);
  check(seed, v);
  check(sh.var.get() == seed, "a context variable has changed under its task");
  sh.var.reset(token);
}

std::vector<jay::task<number>> some(shared_things& sh, const std::vector<number>& seeds, int depth) {
  std::vector<jay::task<number>> v;
  for (number s : seeds) v.push_back(node(sh, s, depth));
  return v;
}

/// Must be inside a limit: never ends by itself.
jay::task<> partial(shared_things& sh, number first, number second, int depth) {
  counted c;
  auto [a, b] = co_await jay::gather_settled(node(sh, first, depth), endless(sh, second, depth));
  check(b.cancelled(), "what never ends has ended");
  check(a.has_value() || a.cancelled(), "a cancelled child has failed");
  if (a.has_value()) check(first, a.value());
  co_await jay::sleep(1h);
}

void check_timed_out(const jay::result<void>& r) {
  check(!r.has_value() && !r.cancelled(), "a limit has not passed");
  try {
    std::rethrow_exception(r.error());
  } catch (const jay::timeout_error&) {
  }
}

jay::task<number> node(shared_things& sh, number seed, int depth) {
  if (depth == 0) co_return co_await leaf(sh, seed);
  counted c;
  choices ch(seed);
  unsigned kind = ch.below(sh.kinds);
  std::vector<number> seeds;
  for (unsigned n = 1 + ch.below(4); n > 0; --n) seeds.push_back(ch.next());
  number first = seeds[0], second = ch.next();
  int below = depth - 1;
  switch (kind) {
    case 0: {
      auto [a, b] = co_await jay::gather(node(sh, first, below), node(sh, second, below));
      check(first, a);
      check(second, b);
      break;
    }
    case 1: {
      auto values = co_await jay::gather(some(sh, seeds, below));
      for (std::size_t i = 0; i < seeds.size(); ++i) check(seeds[i], values[i]);
      break;
    }
    case 2: {
      auto h = jay::create_task(node(sh, first, below));
      number own = co_await node(sh, second, below);
      check(second, own);
      number v = co_await h;
      check(first, v);
      break;
    }
    case 3: {
      std::vector<jay::task_handle<number>> hs;
      auto body = [&](jay::task_group& g) -> jay::task<> {
        for (number s : seeds) hs.push_back(g.create_task(node(sh, s, below)));
        co_return;
      };
      co_await jay::with_task_group(body);
      for (std::size_t i = 0; i < seeds.size(); ++i) check(seeds[i], hs[i].result());
      break;
    }
    case 4: {
      number v = co_await jay::wait_for(node(sh, first, below), 1h);
      check(first, v);
      break;
    }
    case 5: {  // the limit passes, now or while the child is at work
      auto limit = std::chrono::microseconds(ch.below(500));
      auto r = co_await jay::settled(jay::wait_for(endless(sh, first, below), limit));
      check(!r.has_value() && !r.cancelled(), "a limit has not passed");
      try {
        r.value();
      } catch (const jay::timeout_error&) {
      }
      break;
    }
    case 6: {
      number v = co_await jay::shield(node(sh, first, below));
      check(first, v);
      break;
    }
    case 7: {
      jay::queue<number> q(1);
      auto [u, a, b, w] = co_await jay::gather(put_value(q, sh, first, below), q.get(), q.get(), put_value(q, sh, second, below));
      check((a == value_of(first) && b == value_of(second)) || (a == value_of(second) && b == value_of(first)),
            "a queue has lost an item");
      break;
    }
    case 8: {  // a cancel at any moment
      auto h = jay::create_task(node(sh, first, below));
      for (unsigned n = ch.below(3); n > 0; --n) co_await jay::sleep(0s);
      h.cancel("random");
      auto r = co_await jay::settled(h);
      check(r.cancelled() || r.has_value(), "a cancelled task has failed");
      if (r.has_value()) check(first, r.value());
      break;
    }
    case 9: {
      jay::event e;
      co_await jay::gather(e.wait(), set_event(e, sh, first, below));
      check(e.is_set(), "an event was lost");
      break;
    }
    case 10: {
      auto [good, bad] = co_await jay::gather_settled(node(sh, first, below), fails(second, ch.below(2)));
      check(first, good.value());
      check(static_cast<bool>(bad.error()), "an error was lost");
      break;
    }
    case 11: {  // one fails: the others are cancelled and have ended
      auto r = co_await jay::settled(jay::gather(endless(sh, first, below), fails(second, ch.below(2)), endless(sh, ch.next(), below)));
      check(!r.has_value() && !r.cancelled(), "a gather has lost its error");
      try {
        r.value();
      } catch (const failure& f) {
        check(f.seed == second, "a gather gave another's error");
      }
      break;
    }
    case 12: {
      int cleaned = 0;
      number v = co_await cleaning(sh, first, below, cleaned);
      check(first, v);
      check(cleaned == 1, "defer has not run once");
      break;
    }
    case 13: {
      std::vector<jay::task_handle<number>> hs;
      for (number s : seeds) hs.push_back(jay::create_task(node(sh, s, below)));
      hs.push_back(jay::create_task(endless(sh, second, below)));
      auto [done, pending] = co_await jay::wait(hs, jay::first_completed);
      check(!done.empty(), "wait gave nothing");
      hs.back().cancel();
      for (std::size_t i = 0; i < seeds.size(); ++i) {
        number v = co_await hs[i];
        check(seeds[i], v);
      }
      auto r = co_await jay::settled(hs.back());
      check(r.cancelled(), "a cancel was lost");
      break;
    }
    case 14: {
      std::vector<jay::task_handle<number>> hs;
      for (number s : seeds) hs.push_back(jay::create_task(node(sh, s, below)));
      auto it = jay::as_completed(hs);
      number left = 0, got = 0;
      for (number s : seeds) left += value_of(s);
      for (;;) {
        auto h = co_await it.next();
        if (!h) break;
        number v = co_await *h;
        got += v;
      }
      check(left == got, "as_completed has lost one");
      break;
    }
    case 15: {
      jay::barrier b(2);
      co_await jay::gather(meet(b, sh, first, below), meet(b, sh, second, below));
      break;
    }
    case 16: {
      auto body = [&](jay::task_group& g) -> jay::task<> {
        auto h = g.create_task(endless(sh, first, below));
        number v = co_await node(sh, second, below);
        check(second, v);
        g.cancel();
      };
      co_await jay::with_task_group(body);
      break;
    }
    case 17: {
      auto values = co_await jay::gather_limited(2, some(sh, seeds, below));
      for (std::size_t i = 0; i < seeds.size(); ++i) check(seeds[i], values[i]);
      break;
    }
    case 18: {  // a variable is shared with the children of a gather, and copied for a task
      auto a = jay::create_task(in_context(sh, first, below)), b = jay::create_task(in_context(sh, second, below));
      co_await jay::gather(a, b);
      break;
    }
    case 19: {
      auto body = [&](jay::timeout_scope& t) -> jay::task<> {
        t.reschedule(std::nullopt);
        number v = co_await node(sh, first, below);
        check(first, v);
      };
      co_await jay::with(jay::timeout(1h), body);
      break;
    }
    case 20: {  // a group whose member fails
      auto body = [&](jay::task_group& g) -> jay::task<> {
        g.create_task(endless(sh, first, below));
        g.create_task(fails(second, true));
        co_await jay::sleep(1h);
      };
      auto r = co_await jay::settled(jay::with_task_group(body));
      check(!r.has_value() && !r.cancelled(), "a group has lost its error");
      try {
        r.value();
      } catch (const jay::exception_group& g) {
        check(g.exceptions().size() == 1, "a group gave other errors");
      }
      break;
    }
    case 21: {  // a shielded task outlives the cancel of who waits for it
      auto inner = jay::create_task(node(sh, first, below));
      auto outer = jay::create_task(jay::shield(inner));
      co_await jay::sleep(0s);
      outer.cancel();
      number v = co_await inner;
      check(first, v);
      auto r = co_await jay::settled(outer);
      check(r.cancelled() || r.has_value(), "a shield has failed");
      break;
    }
    case 22: {  // a gather that is cancelled from outside
      auto h = jay::create_task(jay::gather(node(sh, first, below), endless(sh, second, below)));
      co_await jay::sleep(std::chrono::microseconds(ch.below(200)));
      h.cancel();
      auto r = co_await jay::settled(h);
      check(r.cancelled(), "a gather has lost its cancel");
      break;
    }
    case 24: {  // a scope ends what never ends by itself, and its task goes on
      bool at_once = ch.below(4) == 0;
      auto scope = jay::move_on_after(std::chrono::microseconds(ch.below(500)));
      auto body = [&](jay::cancel_scope& s) -> jay::task<> {
        if (at_once) s.cancel("random");
        co_await endless(sh, first, below);
      };
      co_await jay::with(scope, body);
      check(scope.cancelled_caught(), "a scope has let go what it had not ended");
      number v = co_await node(sh, second, below);
      check(second, v);
      break;
    }
    case 25: {
      auto body = [&](jay::cancel_scope&) -> jay::task<> { co_await endless(sh, first, below); };
      auto r = co_await jay::settled(jay::with(jay::fail_after(std::chrono::microseconds(ch.below(500))), body));
      check_timed_out(r);
      break;
    }
    case 26: {  // what there is when the limit has passed; and the limit holds for what follows
      auto limit = std::chrono::microseconds(ch.below(500));
      auto body = [&]() -> jay::task<> { co_await partial(sh, first, second, below); };
      auto r = co_await jay::settled(jay::with(jay::timeout(limit), body));
      check_timed_out(r);
      break;
    }
    case 27: {
      auto scope = jay::move_on_after(std::chrono::microseconds(ch.below(500)));
      auto body = [&]() -> jay::task<> {
        co_await jay::gather(partial(sh, first, second, below), partial(sh, ch.next(), ch.next(), below));
      };
      co_await jay::with(scope, body);
      check(scope.cancelled_caught(), "a scope has let go what it had not ended");
      break;
    }
    case 28: {  // a shielded scope inside one that is cancelled
      bool ran = false;
      auto shielded = [&]() -> jay::task<> {
        number v = co_await node(sh, first, below);
        check(first, v);
        ran = true;
      };
      auto scope = jay::cancel_scope();
      auto body = [&](jay::cancel_scope& s) -> jay::task<> {
        s.cancel();
        co_await jay::with(jay::cancel_scope().shield(), shielded);
        co_await jay::sleep(1h);
      };
      co_await jay::with(scope, body);
      check(ran && scope.cancelled_caught(), "a shield has not held, or its scope not ended");
      break;
    }
    case 29: {  // a stop from another thread
      std::stop_source source;
      auto stop = jay::create_task(jay::to_thread([source]() mutable { return source.request_stop(); }));
      auto r = co_await jay::settled(jay::cancel_on(source.get_token(), endless(sh, first, below)));
      check(r.cancelled(), "a stop was lost");
      co_await stop;
      break;
    }
    case 30: {  // one fills the cell, the others wait for it; if it is cancelled another does
      jay::once_cell<number> cell;
      jay::latch end(2);
      auto get = [&]() -> jay::task<> {
        number v = co_await cell.get_or_init([&] { return node(sh, first, below); });
        check(first, v);
        end.count_down();
      };
      co_await jay::gather(get(), get(), end.wait());
      break;
    }
    case 31: {  // one that sends, one that gets all of it, one that waits for the last
      jay::watch<number> last(0);
      jay::broadcast<number> all(seeds.size());
      auto reader = last.subscribe();
      auto receiver = all.subscribe();
      auto send = [&]() -> jay::task<> {
        for (number s : seeds) {
          number v = co_await node(sh, s, below);
          all.send(v);
          last.send(v);
        }
      };
      auto receive = [&]() -> jay::task<> {
        for (number s : seeds) {
          number v = co_await receiver.receive();
          check(s, v);
        }
      };
      auto wait = [&]() -> jay::task<> {
        number v = co_await reader.wait_for([&](number n) { return n == value_of(seeds.back()); });
        check(seeds.back(), v);
      };
      co_await jay::gather(receive(), wait(), send());
      break;
    }
    default: {
      number v = co_await node(sh, first, below);
      check(first, v);
      break;
    }
  }
  co_return value_of(seed);
}

std::atomic<jay::event_loop*> running_on{nullptr};

/// What a program that hangs leaves behind. (Not fit for a signal handler, but the process is at its end.)
extern "C" void tell_what_hangs(int) {
  std::fprintf(stderr, "\nhangs: JAY_SEED=%llu\n", static_cast<unsigned long long>(running_seed.load()));
  if (jay::event_loop* r = running_on.load()) std::fputs(r->scheduler().pending_tasks().c_str(), stderr);
  abort();
}

void run_program(std::uint64_t seed, unsigned kinds = kinds_today) {
  running_seed = seed;
  choices ch(seed);
  jay::config c = jay::config::from_environment();
  c.scheduler.workers = 1 + ch.below(4);
  c.scheduler.order = ch.below(8) == 0 ? jay::order::asyncio : jay::order::depth;
  if (c.scheduler.order == jay::order::asyncio) c.scheduler.workers = 1;
  c.io.threads = 1 + ch.below(2);
  c.io.help = ch.below(4) != 0;
  c.io.spin = ch.below(4) == 0 ? 50 : 0;
  c.scheduler.steal = ch.below(2) == 0 ? jay::steal_policy::half : jay::steal_policy::one;
  if (ch.below(8) == 0) c.io.threads = 0;
  shared_things sh;  // outlives the run: a shielded task that nobody waits for ends with the runtime
  sh.kinds = kinds;
  std::uint64_t got = 0;
  std::string error;
  try {
    jay::event_loop r(c);
    running_on = &r;
    got = r.run_until_complete(node(sh, seed, 3 + static_cast<int>(ch.below(4))));
    r.close();
    running_on = nullptr;
  } catch (const jay::cancelled_error& e) {
    error = "cancelled: " + e.message();
  } catch (const std::exception& e) {
    error = e.what();
  }
  EXPECT_EQ(value_of(seed), got) << "JAY_SEED=" << seed << ' ' << error;
  EXPECT_EQ(0, alive.exchange(0)) << "coroutines that have not ended, JAY_SEED=" << seed;
}

TEST(RandomPrograms, GiveWhatTheirSeedsSay) {
  signal(SIGALRM, tell_what_hangs);
  if (const char* one = std::getenv("JAY_SEED")) {
    alarm(patience);
    run_program(std::strtoull(one, nullptr, 10));
    alarm(0);
    return;
  }
  const char* soak = std::getenv("JAY_SOAK");
  int programs = (soak && *soak == '1' ? 100 : 1) * programs_at_once;
  std::uint64_t base = std::random_device{}();
  std::printf("programs %llu to %llu\n", static_cast<unsigned long long>(base),
              static_cast<unsigned long long>(base) + static_cast<unsigned long long>(programs) - 1);
  std::fflush(stdout);
  for (int i = 0; i < programs && !HasFailure(); ++i) {
    alarm(patience);
    run_program(base + static_cast<std::uint64_t>(i));
  }
  alarm(0);
}

/// What is the same when a seed is run again.
struct replayed {
  std::uint64_t value;
  std::uint64_t jobs;
  jay::time_point end;
  bool operator==(const replayed&) const = default;
};

replayed run_drawn(std::uint64_t seed) {
  shared_things sh;
  sh.kinds = kinds_today;
  auto main = [&]() -> jay::task<replayed> {
    const std::uint64_t got = co_await node(sh, seed, 3 + static_cast<int>(seed % 3));
    jay::event_loop& loop = jay::get_event_loop();
    co_return replayed{got, loop.scheduler().statistics().jobs, loop.time()};
  };
  replayed r = jay::testing::run(main(), mix(seed));
  EXPECT_EQ(0, alive.exchange(0)) << "coroutines that have not ended, JAY_SEED=" << seed;
  return r;
}

// jay::testing::run, which throws where everything is blocked.
TEST(RandomPrograms, InADrawnOrderGiveWhatTheirSeedsSayAndTheSameAgain) {
  signal(SIGALRM, tell_what_hangs);
  const char* one = std::getenv("JAY_SEED");
  const std::uint64_t first = one ? std::strtoull(one, nullptr, 10) : std::random_device{}();
  std::printf("programs from %llu\n", static_cast<unsigned long long>(first));
  std::fflush(stdout);
  for (std::uint64_t seed = first; seed < first + (one ? 1 : programs_at_once / 2) && !HasFailure(); ++seed) {
    running_seed = seed;
    alarm(patience);
    const replayed once = run_drawn(seed);
    EXPECT_EQ(once.value, value_of(seed)) << "JAY_SEED=" << seed;
    EXPECT_EQ(run_drawn(seed), once) << "JAY_SEED=" << seed;
  }
  alarm(0);
}

// A cancel that an operation inside a time limit gave back was forgotten where the limit ended; in the last of these, inside a
// limit a failed sibling's was taken for the limit's.
TEST(RandomPrograms, ThatHaveHungOnceDoNotAgain) {
  signal(SIGALRM, tell_what_hangs);
  for (std::uint64_t seed : {4218014328u, 378239679u, 2885195184u, 3907685341u, 2189950213u})
    for (int i = 0; i < 5; ++i) {
      alarm(patience);
      run_program(seed, kinds_before_scopes);
    }
  for (int i = 0; i < 5; ++i) {  // a cancel_scope took what a limit around it had caused for its own
    alarm(patience);
    run_program(695997899u);
  }
  alarm(0);
}

}  // namespace
