// SPDX-License-Identifier: MIT
// The spellings of the public interface, each used once as a program outside would: who changes a name, a default or
// what may stand where meets it here first. What each one does in full is tested in the file of its own.
#include <jay/jay.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/echo_lines.hpp"

namespace {

using namespace std::chrono_literals;

jay::task<int> give(int v) { co_return v; }
jay::task<> nothing() { co_return; }
jay::task<std::string> text(std::string s) { co_return s; }
jay::task<int> fail() {
  throw std::runtime_error("no");
  co_return 0;
}
jay::task<int> add_to(int& sum, int v) {
  sum += v;
  co_return sum;
}
jay::task<std::unique_ptr<int>> own(int v) { co_return std::make_unique<int>(v); }

template <class T, class Op>
constexpr bool gives = std::is_same_v<T, std::remove_cvref_t<decltype(std::declval<Op>())>>;

TEST(Synopsis, Errors) {
  static_assert(!std::is_base_of_v<std::exception, jay::cancelled_error>);
  static_assert(!std::is_base_of_v<std::exception, jay::keyboard_interrupt>);
  static_assert(std::is_base_of_v<std::runtime_error, jay::timeout_error>);
  static_assert(std::is_base_of_v<std::runtime_error, jay::invalid_state_error>);
  static_assert(std::is_base_of_v<std::runtime_error, jay::queue_empty>);
  static_assert(std::is_base_of_v<std::runtime_error, jay::queue_full>);
  static_assert(std::is_base_of_v<std::runtime_error, jay::queue_shut_down>);
  static_assert(std::is_base_of_v<std::runtime_error, jay::broken_barrier_error>);
  static_assert(std::is_base_of_v<std::runtime_error, jay::incomplete_read_error>);
  static_assert(std::is_base_of_v<std::runtime_error, jay::limit_overrun_error>);
  static_assert(std::is_base_of_v<std::runtime_error, jay::config_error>);
  static_assert(std::is_same_v<std::string, decltype(jay::incomplete_read_error::partial)>);
  static_assert(std::is_same_v<std::optional<std::size_t>, decltype(jay::incomplete_read_error::expected)>);
  static_assert(std::is_same_v<std::size_t, decltype(jay::limit_overrun_error::consumed)>);
  EXPECT_EQ("", jay::cancelled_error().message());
  EXPECT_EQ("why", jay::cancelled_error("why").message());

  auto value = std::make_exception_ptr(std::invalid_argument("v"));
  auto other = std::make_exception_ptr(std::out_of_range("o"));
  jay::exception_group g("two", {value, other});
  std::span<const std::exception_ptr> in = g.exceptions();
  EXPECT_EQ(2u, in.size());
  auto [match, rest] = g.split<std::invalid_argument>();
  ASSERT_TRUE(match && rest);
  EXPECT_EQ(value, match->exceptions()[0]);
  EXPECT_EQ(other, rest->exceptions()[0]);
  int handled = 0;
  EXPECT_THROW(jay::except_star<std::invalid_argument>(g, [&](const jay::exception_group&) { ++handled; }),
               jay::exception_group);
  EXPECT_EQ(1, handled);
}

TEST(Synopsis, RunTakesEveryAwaitable) {
  EXPECT_EQ(7, jay::run(give(7)));
  jay::run(nothing());
  jay::run(jay::sleep(0s));
  auto [a, b] = jay::run(jay::gather(give(1), text("b")));
  EXPECT_EQ(1, a);
  EXPECT_EQ("b", b);
  jay::config c = jay::testing::with_workers(2);
  c.io.threads = 1;
  c.debug.enabled = true;
  EXPECT_EQ(8, jay::run(give(8), c));
  jay::runner r(c);
  EXPECT_EQ(9, r.run(give(9)));
  EXPECT_EQ("x", r.run(text("x")));
  r.close();
}

TEST(Synopsis, CreateTask) {
  auto body = []() -> jay::task<int> {
    int sum = 0;
    auto h = jay::create_task(add_to, std::ref(sum), 2);
    static_assert(std::is_same_v<jay::task_handle<int>, decltype(h)>);
    auto v1 = co_await h;
    EXPECT_EQ(2, v1);
    auto named = jay::create_task(jay::task_options().name("n").eager_start().priority(jay::priority::high), give, 3);
    EXPECT_EQ("n", named.name());
    auto v2 = co_await named;
    EXPECT_EQ(3, v2);
    auto of_op = jay::create_task(jay::task_options().name("m"), give(4));
    auto v3 = co_await of_op;
    EXPECT_EQ(4, v3);
    jay::queue<int> q;
    auto put = jay::create_task(q.put(5));
    co_await put;
    auto get = jay::create_task(q.get());
    auto v4 = co_await get;
    EXPECT_EQ(5, v4);
    auto both = jay::create_task(jay::gather(give(1), give(2)));
    auto [one, two] = co_await both;
    EXPECT_EQ(3, one + two);
    auto of_handle = jay::create_task(h);
    auto v5 = co_await of_handle;
    EXPECT_EQ(2, v5);
    auto lambda = [](std::unique_ptr<int> p) -> jay::task<int> { co_return *p; };
    auto moved = jay::create_task(lambda, std::make_unique<int>(6));
    auto v6 = co_await moved;
    EXPECT_EQ(6, v6);
    auto owned = jay::create_task(own(7));
    auto taken = co_await std::move(owned);
    EXPECT_EQ(7, *taken);
    co_return 0;
  };
  jay::run(body());
}

TEST(Synopsis, TaskHandle) {
  auto body = []() -> jay::task<int> {
    jay::task_handle<int> none;
    EXPECT_TRUE(none == jay::task_handle<int>());
    jay::task_handle<int> h = jay::create_task(give, 1);
    jay::task_handle<> erased = h;
    const int& first = co_await h;
    EXPECT_EQ(1, first);
    co_await erased;
    EXPECT_TRUE(h.done() && !h.cancelled() && !h.exception());
    EXPECT_EQ(1, h.result());
    EXPECT_EQ(0, h.cancelling());
    EXPECT_FALSE(h.cancel("late"));
    h.set_name("new");
    EXPECT_EQ("new", erased.name());
    std::unordered_set<jay::task_handle<int>> set{h};
    EXPECT_TRUE(set.contains(h));
    auto [called, was_called] = jay::with_resolvers<int>();
    h.add_done_callback([called](const jay::task_handle<int>& of) { jay::promise<int>(called).set_result(of.result()); });
    auto v7 = co_await was_called;
    EXPECT_EQ(1, v7);
    auto id = h.add_done_callback([](const jay::task_handle<int>&) {});
    h.remove_done_callback(id);
    EXPECT_EQ(1, h.take());

    auto stopped = jay::create_task(jay::sleep(1h));
    EXPECT_TRUE(stopped.cancel("enough"));
    EXPECT_EQ(1, stopped.cancelling());
    EXPECT_EQ(0, stopped.uncancel());
    EXPECT_TRUE(stopped.cancel());
    jay::result<void> r = co_await jay::settled(stopped);
    EXPECT_TRUE(r.cancelled() && !r.has_value());

    jay::task_handle<> me = jay::current_task();
    std::vector<jay::task_handle<>> all = jay::all_tasks();
    EXPECT_EQ(1u, all.size());
    EXPECT_TRUE(all[0] == me);
    EXPECT_EQ(me.name(), jay::get_name());
    try {
      co_await me;
      ADD_FAILURE();
    } catch (const std::runtime_error& e) {
      EXPECT_NE(std::string::npos, std::string(e.what()).find("await on itself"));
    }
    auto v = jay::create_task(nothing());
    co_await v;
    static_assert(std::is_void_v<decltype(v.result())> && std::is_void_v<decltype(v.take())>);
    v.result();
    co_return 0;
  };
  jay::run(body());
}

TEST(Synopsis, Futures) {
  auto body = []() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<int>();
    static_assert(std::is_same_v<jay::promise<int>, std::remove_cvref_t<decltype(p)>>);
    static_assert(std::is_same_v<jay::future<int>, std::remove_cvref_t<decltype(f)>>);
    EXPECT_TRUE(p.get_future() == f);
    EXPECT_FALSE(f.done());
    auto id = f.add_done_callback([](const jay::future<int>&) { ADD_FAILURE(); });
    EXPECT_TRUE(f.remove_done_callback(id));
    p.set_result(3);
    EXPECT_THROW(p.set_result(4), jay::invalid_state_error);
    auto v8 = co_await f;
    EXPECT_EQ(3, v8);
    auto v9 = co_await f;
    EXPECT_EQ(3, v9);
    EXPECT_EQ(3, f.result());
    EXPECT_FALSE(f.exception());
    jay::promise<> done;
    jay::future<> is_done = done.get_future();
    done.set_result();
    co_await is_done;
    jay::promise<int> failed;
    failed.set_exception(std::make_exception_ptr(std::runtime_error("f")));
    EXPECT_THROW(failed.get_future().result(), std::runtime_error);
    jay::future<int> dropped = jay::promise<int>().get_future();
    jay::promise<int> open;
    jay::future<int> cancelled = open.get_future();
    EXPECT_TRUE(cancelled.cancel("c"));
    EXPECT_TRUE(cancelled.cancelled());
    EXPECT_TRUE(jay::future<int>() == jay::future<int>());
    std::unordered_set<jay::future<int>> set{f};
    EXPECT_EQ(1u, set.size());
    co_return 0;
  };
  jay::run(body());
}

TEST(Synopsis, GatherTakesEveryAwaitable) {
  auto body = []() -> jay::task<int> {
    jay::queue<int> q;
    q.put_nowait(4);
    auto h = jay::create_task(give, 2);
    auto [p, f] = jay::with_resolvers<int>();
    p.set_result(3);
    auto [a, b, c, d, e, pair] =
        co_await jay::gather(give(1), h, f, q.get(), jay::sleep(0s), jay::gather(give(5), nothing()));
    static_assert(std::is_same_v<int, std::remove_cvref_t<decltype(b)>>);
    static_assert(std::is_same_v<jay::unit, std::remove_cvref_t<decltype(e)>>);
    EXPECT_EQ(10, a + b + c + d);
    EXPECT_EQ(5, std::get<0>(pair));

    std::vector<jay::task<int>> tasks;
    for (int i = 0; i < 3; ++i) tasks.push_back(give(i));
    std::vector<int> values = co_await jay::gather(std::move(tasks));
    EXPECT_EQ((std::vector{0, 1, 2}), values);
    std::vector<jay::task_handle<int>> handles{jay::create_task(give, 1), jay::create_task(give, 2)};
    std::vector<int> copied = co_await jay::gather(handles);
    std::vector<int> again = co_await jay::gather(handles);
    EXPECT_EQ(copied, again);
    std::vector<jay::future<int>> futures{f, f};
    std::vector<int> read = co_await jay::gather(futures);
    EXPECT_EQ((std::vector{3, 3}), read);
    auto [k1, k2] = co_await jay::gather(jay::keep_running, give(1), give(2));
    EXPECT_EQ(3, k1 + k2);
    std::vector<jay::task<int>> kept;
    kept.push_back(give(1));
    std::vector<int> kept_values = co_await jay::gather(jay::keep_running, std::move(kept));
    EXPECT_EQ(1, kept_values[0]);

    auto [ra, rb, rv] = co_await jay::gather_settled(give(1), fail(), nothing());
    static_assert(std::is_same_v<jay::result<void>, std::remove_cvref_t<decltype(rv)>>);
    EXPECT_EQ(1, ra.value());
    EXPECT_TRUE(rb.error() && !rb.has_value() && !rb.cancelled());
    EXPECT_THROW(rb.value(), std::runtime_error);
    std::vector<jay::task<int>> mixed;
    mixed.push_back(give(1));
    mixed.push_back(fail());
    std::vector<jay::result<int>> settled = co_await jay::gather_settled(std::move(mixed));
    EXPECT_TRUE(settled[0].has_value() && settled[1].error());
    std::vector<jay::task<int>> many;
    for (int i = 0; i < 20; ++i) many.push_back(give(i));
    std::vector<int> limited = co_await jay::gather_limited(8, std::move(many));
    EXPECT_EQ(19, limited.back());
    co_return 0;
  };
  jay::run(body());
}

TEST(Synopsis, WaitingTakesEveryAwaitable) {
  auto body = []() -> jay::task<int> {
    auto h = jay::create_task(give, 2);
    auto [p, f] = jay::with_resolvers<int>();
    p.set_result(3);
    jay::queue<int> q;
    q.put_nowait(4);
    int of_task = co_await jay::wait_for(give(1), 1s);
    int of_handle = co_await jay::wait_for(h, 1.5s);
    int of_future = co_await jay::wait_for(f, std::nullopt);
    int of_get = co_await jay::wait_for(q.get(), std::optional(1s));
    EXPECT_EQ(10, of_task + of_handle + of_future + of_get);
    co_await jay::wait_for(jay::sleep(0s), std::chrono::duration<double>(1.0));
    auto r20 = co_await jay::settled(jay::wait_for(jay::sleep(1h), 0s));
    EXPECT_THROW(r20.value(), jay::timeout_error);
    int shielded = co_await jay::shield(give(1));
    int shielded_handle = co_await jay::shield(h);
    int shielded_future = co_await jay::shield(f);
    EXPECT_EQ(6, shielded + shielded_handle + shielded_future);
    co_await jay::shield(jay::sleep(0s));
    jay::result<int> r = co_await jay::settled(fail());
    EXPECT_TRUE(r.error());
    jay::result<int> rh = co_await jay::settled(h);
    jay::result<int> rf = co_await jay::settled(f);
    jay::result<void> rs = co_await jay::settled(jay::sleep(0s));
    EXPECT_TRUE(rh.has_value() && rf.has_value() && rs.has_value());

    std::vector<jay::task_handle<int>> handles{jay::create_task(give, 1), jay::create_task(give, 2)};
    auto [done, pending] = co_await jay::wait(handles);
    EXPECT_EQ(2u, done.size());
    EXPECT_TRUE(pending.empty());
    auto [d1, p1] = co_await jay::wait(handles, jay::first_completed);
    auto [d2, p2] = co_await jay::wait(handles, jay::first_exception, 1s);
    auto [d3, p3] = co_await jay::wait(handles, jay::all_completed, std::nullopt);
    EXPECT_EQ(6u, d1.size() + d2.size() + d3.size());
    auto it = jay::as_completed(handles, 1s);
    int seen = 0;
    while (true) {
      auto next = co_await it.next();
      if (!next) break;
      int v = co_await *next;
      seen += v;
    }
    EXPECT_EQ(3, seen);
    auto unlimited = jay::as_completed(handles);
    auto first = co_await unlimited.next();
    EXPECT_TRUE(first);

    auto v10 = co_await jay::sleep(1ms, std::string("slept"));
    EXPECT_EQ("slept", v10);
    int from_thread = co_await jay::to_thread([](int a, int b) { return a + b; }, 1, 2);
    EXPECT_EQ(3, from_thread);
    co_await jay::to_thread([] {});
    co_await jay::checkpoint();
    jay::check_cancelled();
    std::stop_token token = jay::get_stop_token();
    EXPECT_FALSE(token.stop_requested());
    co_return 0;
  };
  jay::run(body());
}

TEST(Synopsis, Timeouts) {
  auto body = []() -> jay::task<int> {
    auto within = [](jay::timeout_scope& tm) -> jay::task<> {
      EXPECT_TRUE(tm.when());
      tm.reschedule(std::nullopt);
      EXPECT_FALSE(tm.when());
      EXPECT_FALSE(tm.expired());
      co_return;
    };
    co_await jay::with(jay::timeout(1h), within);
    auto tm = jay::timeout(1ms);
    auto too_long = [](jay::timeout_scope&) -> jay::task<> { co_await jay::sleep(1h); };
    auto r21 = co_await jay::settled(jay::with(tm, too_long));
    EXPECT_THROW(r21.value(), jay::timeout_error);
    EXPECT_TRUE(tm.expired());
    co_await jay::with(jay::timeout(std::nullopt), [](jay::timeout_scope&) -> jay::task<> { co_return; });
    co_await jay::with(jay::timeout_at(std::nullopt), [](jay::timeout_scope&) -> jay::task<> { co_return; });
    auto entered = []() -> jay::task<int> {
      auto& limit = co_await jay::enter(jay::timeout(1h));
      EXPECT_FALSE(limit.expired());
      co_return 5;
    };
    auto v11 = co_await entered();
    EXPECT_EQ(5, v11);
    co_return 0;
  };
  jay::run(body());
}

TEST(Synopsis, Groups) {
  auto body = []() -> jay::task<int> {
    int sum = 0;
    co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
      auto h = tg.create_task(add_to, std::ref(sum), 1);
      static_assert(std::is_same_v<jay::task_handle<int>, decltype(h)>);
      tg.create_task(give(1));
      tg.create_task(jay::task_options().name("t"), give, 2);
      tg.create_task(jay::task_options().name("u"), give(2));
      tg.create_task(jay::sleep(0s));
      co_await h;
    });
    EXPECT_EQ(1, sum);
    co_await jay::with_task_group([](jay::task_group& tg) -> jay::task<> {
      tg.create_task(jay::sleep(1h));
      tg.cancel();
      co_return;
    });
    jay::task_group by_hand;
    by_hand.create_task(fail());
    try {
      co_await by_hand.join();
      ADD_FAILURE();
    } catch (const jay::exception_group& g) {
      EXPECT_EQ(1u, g.exceptions().size());
    }
    co_return 0;
  };
  jay::run(body());
}

TEST(Synopsis, SyncAndQueues) {
  auto body = []() -> jay::task<int> {
    jay::lock lk;
    co_await lk.acquire();
    EXPECT_TRUE(lk.locked());
    lk.release();
    {
      auto g = co_await lk.scoped();
      EXPECT_TRUE(lk.locked());
    }
    EXPECT_FALSE(lk.locked());
    co_await jay::wait_for(lk.acquire(), 1s);
    lk.release();
    auto holder = jay::create_task(lk.acquire());
    co_await holder;
    lk.release();

    jay::event ev;
    ev.set();
    co_await ev.wait();
    co_await jay::gather(ev.wait(), ev.wait());
    ev.clear();
    EXPECT_FALSE(ev.is_set());

    jay::condition own_lock;
    jay::condition cond(lk);
    {
      auto g = co_await cond.scoped();
      EXPECT_TRUE(cond.locked());
      cond.notify();
      cond.notify(2);
      cond.notify_all();
      co_await cond.wait_for([] { return true; });
    }
    co_await own_lock.acquire();
    own_lock.release();

    jay::semaphore sem;
    jay::bounded_semaphore bounded(2);
    co_await sem.acquire();
    EXPECT_TRUE(sem.locked());
    sem.release();
    {
      auto g = co_await bounded.scoped();
    }
    EXPECT_THROW(bounded.release(), std::invalid_argument);

    jay::barrier bar(2);
    auto [i, j] = co_await jay::gather(bar.wait(), bar.wait());
    static_assert(std::is_same_v<std::size_t, std::remove_cvref_t<decltype(i)>>);
    EXPECT_EQ(1u, i + j);
    EXPECT_EQ(0u, bar.n_waiting());
    bar.abort();
    EXPECT_TRUE(bar.broken());
    bar.reset();

    jay::queue<int> q(2);
    co_await q.put(1);
    q.put_nowait(2);
    EXPECT_TRUE(q.full() && !q.empty() && q.qsize() == 2);
    EXPECT_THROW(q.put_nowait(3), jay::queue_full);
    int first = co_await q.get();
    EXPECT_EQ(1, first);
    EXPECT_EQ(2, q.get_nowait());
    EXPECT_THROW(q.get_nowait(), jay::queue_empty);
    q.task_done();
    q.task_done();
    co_await q.join();
    q.shutdown();
    auto r22 = co_await jay::settled(q.get());
    EXPECT_THROW(r22.value(), jay::queue_shut_down);
    jay::priority_queue<int> smallest;
    jay::priority_queue<int, std::greater<int>> largest;
    jay::lifo_queue<int> stack;
    for (int v : {2, 1, 3}) {
      smallest.put_nowait(v);
      largest.put_nowait(v);
      stack.put_nowait(v);
    }
    EXPECT_EQ(1, smallest.get_nowait());
    EXPECT_EQ(3, largest.get_nowait());
    EXPECT_EQ(3, stack.get_nowait());
    stack.shutdown(true);

    jay::context_var<int> var("var", 1);
    auto token = var.set(2);
    EXPECT_EQ(2, var.get());
    var.reset(token);
    EXPECT_EQ(1, var.get());
    co_return 0;
  };
  jay::run(body());
}

struct connection_like {
  int entered = 0;
};
struct manager {
  explicit manager(int& exits) : exits_(&exits) {}
  jay::task<connection_like&> aenter() {
    ++conn_.entered;
    co_return conn_;
  }
  jay::task<bool> aexit(std::exception_ptr) {
    ++*exits_;
    co_return false;
  }
  connection_like conn_;
  int* exits_;
};

TEST(Synopsis, Managers) {
  auto body = []() -> jay::task<int> {
    int exits = 0;
    co_await jay::with(manager(exits), [](connection_like& c) -> jay::task<> {
      EXPECT_EQ(1, c.entered);
      co_return;
    });
    EXPECT_EQ(1, exits);
    auto entering = [](int& n) -> jay::task<int> {
      connection_like& c = co_await jay::enter(manager(n));
      co_await jay::defer([](int& of) -> jay::task<> { co_return void(++of); }, std::ref(n));
      co_return c.entered;
    };
    auto v12 = co_await entering(exits);
    EXPECT_EQ(1, v12);
    EXPECT_EQ(3, exits);
    co_return 0;
  };
  jay::run(body());
}

TEST(Synopsis, Streams) {
  auto body = []() -> jay::task<int> {
    jay::server s = co_await jay::start_server(jay::testing::echo_lines, "127.0.0.1", 0);
    EXPECT_NE(0, s.port());
    auto serving = jay::create_task(s.serve_forever());
    {
      auto [reader, writer] = co_await jay::open_connection("127.0.0.1", s.port(), jay::stream_options().limit(1000));
      writer.write("one\n");
      std::array<std::string_view, 2> lines{"two\n", "three\n"};
      writer.writelines(lines);
      co_await writer.drain();
      auto v13 = co_await reader.readline();
      EXPECT_EQ("one\n", v13);
      auto v14 = co_await reader.read_exactly(2);
      EXPECT_EQ("tw", v14);
      auto v15 = co_await reader.read_until("\n");
      EXPECT_EQ("o\n", v15);
      auto v16 = co_await reader.read_until();
      EXPECT_EQ("three\n", v16);
      writer.write_eof();
      auto v17 = co_await reader.read();
      EXPECT_EQ("", v17);
      EXPECT_TRUE(reader.at_eof());
      writer.close();
      EXPECT_TRUE(writer.is_closing());
      co_await writer.wait_closed();
    }
    s.close();
    s.close_clients();
    s.abort_clients();
    co_await s.wait_closed();
    (void)co_await jay::settled(serving);

    jay::stream_reader by_hand;
    by_hand.feed_data("abc");
    auto v18 = co_await by_hand.read(2);
    EXPECT_EQ("ab", v18);
    by_hand.feed_eof();
    auto v19 = co_await by_hand.read(-1);
    EXPECT_EQ("c", v19);
    jay::stream_reader limited(16);
    limited.set_exception(std::make_exception_ptr(std::runtime_error("fed")));
    auto r23 = co_await jay::settled(limited.read());
    EXPECT_THROW(r23.value(), std::runtime_error);
    co_return 0;
  };
  jay::run(body());
}

}  // namespace
