// SPDX-License-Identifier: MIT
// Runs a program in jay, in asyncio's order: the counterpart of interpreter.py, statement for statement.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <jay/jay.hpp>

#include "tests/differential/program.hpp"

namespace jay::differential {

struct failure : std::exception {};

class interpreter {
 public:
  explicit interpreter(const program& p) : program_(p) {
    for (int n : p.semaphores) semaphores_.emplace_back(n);
    for (int n : p.queues) queues_.emplace_back(static_cast<std::size_t>(n));
    for (int i = 0; i < futures; ++i) {
      promises_.push_back(std::make_unique<jay::promise<int>>());
      futures_.push_back(promises_.back()->get_future());
    }
  }

  static std::vector<std::string> run(const program& p) {
    jay::config c;
    c.scheduler.order = jay::order::asyncio;
    interpreter i(p);
    jay::run(i.main(), c);
    return std::move(i.trace_);
  }

 private:
  using indices = std::vector<std::size_t>;

  void log(std::string text) {
    if (!over_) trace_.push_back(std::move(text));
  }

  jay::task<> main() {
    jay::detail::current_scheduler()->set_exception_handler([](const jay::exception_context&) {});
    for (int f = 0; f < program_.started; ++f) spawn(f);
    for (int i = 0; i < turns; ++i) co_await jay::sleep(std::chrono::seconds(0));
    for (std::size_t i = 0; i < handles_.size(); ++i)
      log("t" + std::to_string(i) + (handles_[i].done() ? " done" : " pending"));
    over_ = true;
  }

  bool spawn(int f) {
    if (handles_.size() >= handles_at_most) return false;
    int me = static_cast<int>(handles_.size());
    handles_.push_back(jay::create_task(call(f, "t" + std::to_string(me), me)));
    return true;
  }

  jay::task<int> call(int f, std::string name, int me) {
    if (++calls_ > 4 * handles_at_most) co_return -1;
    co_await run_block(program_.functions[static_cast<std::size_t>(f)], name, me);
    co_return me;
  }

  jay::task<> run_block(const block& b, const std::string& name, int me) {
    for (std::size_t i = 0; i < b.size() && !over_; ++i) {
      const statement& s = b[i];
      std::string at = name + "." + std::to_string(i);
      std::string line = at + " " + s.op + " ";
      try {
        std::string result = co_await step(s, at, me);
        log(line + result);
      } catch (const failure&) {
        if (s.op == "throw") throw;
        log(line + "failure");
      } catch (const jay::cancelled_error&) {
        if (over_) throw;
        log(line + "cancelled");
      } catch (const jay::timeout_error&) {
        log(line + "too late");
      } catch (const jay::queue_full&) {
        log(line + "full");
      } catch (const jay::queue_empty&) {
        log(line + "empty");
      } catch (const jay::invalid_state_error&) {
        log(line + "invalid");
      } catch (const std::runtime_error&) {
        log(line + "refused");
      } catch (const std::invalid_argument&) {
        log(line + "refused");
      }
    }
  }

  /// Up to three different tasks that this one may await, by number.
  indices some(int me, int a, int b) const {
    std::size_t first = program_.upward ? static_cast<std::size_t>(me) + 1 : 0;
    std::size_t n = program_.upward ? handles_.size() - first : static_cast<std::size_t>(me);
    indices v;
    for (std::size_t i = 0; i < std::min<std::size_t>(3, n); ++i) {
      std::size_t one = first + (static_cast<std::size_t>(a) + i * (static_cast<std::size_t>(b) + 1)) % n;
      if (std::find(v.begin(), v.end(), one) == v.end()) v.push_back(one);
    }
    return v;
  }
  std::vector<jay::task_handle<int>> handles(const indices& v) const {
    std::vector<jay::task_handle<int>> h;
    for (std::size_t i : v) h.push_back(handles_[i]);
    return h;
  }

  static std::string word(bool b) { return b ? "True" : "False"; }
  static std::string list(const std::vector<std::string>& v) {
    std::string s;
    for (const std::string& one : v) s += (s.empty() ? "" : ", ") + one;
    return "[" + s + "]";
  }
  template <class Numbers>
  static std::string list_of(const Numbers& v) {
    std::vector<std::string> s;
    for (auto i : v) s.push_back(std::to_string(i));
    return list(s);
  }
  static std::string list_of_results(std::vector<jay::result<int>> v) {
    std::vector<std::string> s;
    for (auto& r : v) s.push_back(r.has_value() ? std::to_string(r.value()) : "failed");
    return list(s);
  }

  jay::task<std::string> step(const statement& s, const std::string& at, int me) {
    const std::string& op = s.op;
    auto a = static_cast<std::size_t>(s.a);
    auto call_nth = [&](int i) { return call(s.a, at + "/" + std::to_string(i), me); };
    // locks and their like
    if (op == "sleep") {
      co_await jay::sleep(std::chrono::seconds(0));
    } else if (op == "lock") {
      co_await inside(locks_[a], s.body, at, me);
    } else if (op == "locked") {
      co_return word(locks_[a].locked());
    } else if (op == "unlock") {
      locks_[a].release();
    } else if (op == "semaphore") {
      co_await inside(semaphores_[a], s.body, at, me);
    } else if (op == "release") {
      semaphores_[a].release();
    } else if (op == "no_permit") {
      co_return word(semaphores_[a].locked());
    } else if (op == "condition") {
      co_await inside(conditions_[a], s.body, at, me);
    } else if (op == "notify") {
      conditions_[a].notify(1 + static_cast<std::size_t>(s.b) % 2);
    } else if (op == "notify_all") {
      conditions_[a].notify_all();
    } else if (op == "wait_condition") {
      co_await conditions_[a].acquire();
      std::exception_ptr error;
      try {
        co_await conditions_[a].wait();
      } catch (...) {
        error = std::current_exception();
      }
      conditions_[a].release();
      if (error) std::rethrow_exception(error);
    } else if (op == "set") {
      events_[a].set();
    } else if (op == "clear") {
      events_[a].clear();
    } else if (op == "wait_event") {
      co_await events_[a].wait();
    } else if (op == "wait_event_no_time") {
      auto wait = [&]() -> jay::task<> { co_await events_[a].wait(); };
      co_await jay::with(jay::timeout(std::chrono::seconds(0)), wait);
    } else if (op == "is_set") {
      co_return word(events_[a].is_set());
    } else if (op == "barrier") {
      std::size_t i = co_await barrier_.wait();
      co_return std::to_string(i);
    } else if (op == "put") {
      co_await queues_[a].put(s.b);
    } else if (op == "get") {
      int i = co_await queues_[a].get();
      co_return std::to_string(i);
    } else if (op == "put_nowait") {
      queues_[a].put_nowait(s.b);
    } else if (op == "get_nowait") {
      co_return std::to_string(queues_[a].get_nowait());
    } else if (op == "size") {
      co_return std::to_string(queues_[a].qsize());
    } else if (op == "task_done") {
      queues_[a].task_done();
    } else if (op == "join") {
      co_await queues_[a].join();
    } else {
      std::string result = co_await futures_step(s, at);
      if (!result.empty()) co_return result;
      result = co_await tasks_step(s, at, me);
      if (!result.empty()) co_return result;
      // calls
      if (op == "run") {
        int i = co_await call_nth(0);
        co_return std::to_string(i);
      } else if (op == "shield_call") {
        int i = co_await jay::shield(call_nth(0));
        co_return std::to_string(i);
      } else if (op == "limited_call") {
        int i = co_await jay::wait_for(call_nth(0), std::chrono::seconds(1000));
        co_return std::to_string(i);
      } else if (op == "call_no_time") {
        int i = co_await jay::wait_for(call_nth(0), std::chrono::seconds(0));
        co_return std::to_string(i);
      } else if (op == "gather_calls") {
        std::vector<jay::task<int>> calls;
        for (int i = 0; i < 1 + s.b % 3; ++i) calls.push_back(call_nth(i));
        std::vector<jay::result<int>> r = co_await jay::gather_settled(std::move(calls));
        co_return list_of_results(std::move(r));
      } else if (op == "group") {
        auto body = [&](jay::task_group& tg) -> jay::task<> {
          for (int i = 0; i < 1 + s.b % 3; ++i) tg.create_task(caught(call_nth(i)));
          co_return;
        };
        co_await jay::with_task_group(body);
      } else if (op == "throw") {
        throw failure();
      } else {
        throw std::logic_error(op);
      }
    }
    co_return "None";
  }

  /// Empty: it is none of these.
  jay::task<std::string> futures_step(const statement& s, const std::string& at) {
    const std::string& op = s.op;
    auto a = static_cast<std::size_t>(s.a), next = (a + 1) % futures;
    if (op == "set_result") {
      promises_[a]->set_result(s.b);
    } else if (op == "set_error") {
      promises_[a]->set_exception(failure());
    } else if (op == "cancel_future") {
      co_return word(futures_[a].cancel());
    } else if (op == "await_future") {
      int i = co_await futures_[a];
      co_return std::to_string(i);
    } else if (op == "shield_future") {
      int i = co_await jay::shield(futures_[a]);
      co_return std::to_string(i);
    } else if (op == "gather_futures") {
      std::vector<jay::future<int>> v{futures_[a], futures_[next]};
      std::vector<int> r = co_await jay::gather(v);
      co_return list_of(r);
    } else if (op == "wait_futures") {
      std::vector<jay::future<int>> v{futures_[a], futures_[next]};
      auto r = co_await jay::wait(v, s.b % 2 ? jay::first_completed : jay::all_completed);
      co_return std::to_string(r.done.size());
    } else if (op == "callback") {
      futures_[a].add_done_callback([this, at](const jay::future<int>&) { log(at + " called"); });
    } else {
      co_return "";
    }
    co_return "None";
  }

  jay::task<std::string> tasks_step(const statement& s, const std::string& at, int me) {
    const std::string& op = s.op;
    if (op == "spawn") co_return word(spawn(s.a));
    if (op == "cancel") {
      auto a = static_cast<std::size_t>(s.a);
      co_return a < handles_.size() ? word(handles_[a].cancel()) : "none";
    }
    static const std::array ops{"await",      "shield",   "task_callback", "gather",       "settle",
                                "wait_first", "wait_all", "as_completed",  "limited_await",
                                "await_no_time"};
    if (std::find(ops.begin(), ops.end(), op) == ops.end()) co_return "";
    indices who = some(me, s.a, s.b);
    if (who.empty()) co_return "none";
    auto h = handles(who);
    if (op == "await") {
      int i = co_await h[0];
      co_return std::to_string(i);
    } else if (op == "shield") {
      int i = co_await jay::shield(h[0]);
      co_return std::to_string(i);
    } else if (op == "limited_await") {
      int i = co_await jay::wait_for(h[0], std::chrono::seconds(1000));
      co_return std::to_string(i);
    } else if (op == "await_no_time") {
      int i = co_await jay::wait_for(h[0], std::chrono::seconds(0));
      co_return std::to_string(i);
    } else if (op == "task_callback") {
      h[0].add_done_callback([this, at](const jay::task_handle<int>&) { log(at + " called"); });
    } else if (op == "gather") {
      std::vector<int> r = co_await jay::gather(h);
      co_return list_of(r);
    } else if (op == "settle") {
      std::vector<jay::result<int>> r = co_await jay::gather_settled(h);
      co_return list_of_results(std::move(r));
    } else if (op == "as_completed") {
      if (std::count_if(h.begin(), h.end(), [](auto& one) { return one.done(); }) > 1) co_return "too many";
      auto each = jay::as_completed(h);
      for (;;) {
        auto one = co_await each.next();
        if (!one) break;
        try {
          int i = co_await *one;
          log(at + " got " + std::to_string(i));
        } catch (const failure&) {
          log(at + " got failure");
        }
      }
    } else {
      auto r = co_await jay::wait(h, op == "wait_first" ? jay::first_completed : jay::all_completed);
      indices done;
      for (auto& one : r.done) done.push_back(static_cast<std::size_t>(std::find(handles_.begin(), handles_.end(), one) - handles_.begin()));
      std::sort(done.begin(), done.end());
      co_return list_of(done);
    }
    co_return "None";
  }

  jay::task<> caught(jay::task<int> t) {
    try {
      co_await std::move(t);
    } catch (const failure&) {
    }
  }

  template <class Held>
  jay::task<> inside(Held& held, const block& body, const std::string& at, int me) {
    co_await held.acquire();
    log(at + " in");
    std::exception_ptr error;
    try {
      co_await run_block(body, at, me);
    } catch (...) {
      error = std::current_exception();
    }
    held.release();
    if (error) std::rethrow_exception(error);
  }

  const program& program_;
  std::array<jay::lock, locks> locks_;
  std::array<jay::condition, locks> conditions_;
  std::deque<jay::semaphore> semaphores_;
  std::array<jay::event, events> events_;
  std::deque<jay::queue<int>> queues_;
  jay::barrier barrier_{2};
  std::vector<std::unique_ptr<jay::promise<int>>> promises_;
  std::vector<jay::future<int>> futures_;
  std::vector<jay::task_handle<int>> handles_;
  std::vector<std::string> trace_;
  bool over_ = false;
  int calls_ = 0;
};

}  // namespace jay::differential
