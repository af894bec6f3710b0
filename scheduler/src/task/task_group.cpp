// SPDX-License-Identifier: MIT
// A task group's state changes under its lock; cancels are made without it, as they reach into other tasks. A canceller
// of the body announces itself (cancelling_body_), and the join, at its end, waits until it is out of the owner's scope.
//
// Lifetime: a task tells the group of its error, and cancels what is to be cancelled, before it is taken off `running_`.
// So once the owner has seen 0, under the lock, no task is inside the group any more. A task that stands in a list is
// alive: while it runs by the runtime's reference, afterwards by that of the list of those that have failed. One that
// the group has cancelled stands in none, and its link is null, until it fails.
#include <jay/task_group.hpp>

#include <typeinfo>

#include <jay/error.hpp>
#include <jay/scheduler.hpp>

namespace jay {
namespace detail {

group_scope::group_scope() : inner_(*current_scope()), group(inner_) {}

bool group_wait::suspend() noexcept {
  spin_guard g(group_.mutex_);
  if (group_.running_ == 0) return false;
  group_.joiner_ = this;
  if (group_.cancelled_) told_level();  // its tasks have been cancelled, and are waited for
  if (arm()) return true;
  group_.joiner_ = nullptr;
  return false;
}

bool group_wait::await_resume() noexcept {
  leave();
  if (!was_cancelled) return true;  // nobody is inside the group: whoever woke us had left it before
  {
    spin_guard g(group_.mutex_);
    group_.joiner_ = nullptr;
  }
  if (!group_.cancelled_) {
    try {
      owner->throw_cancelled();
    } catch (...) {
      group_.cancelled_ = std::current_exception();
    }
  }
  group_.abort();
  return false;
}

namespace {

/// A task was refused because the group was shutting down already.
class refused : public std::runtime_error {
 public:
  explicit refused(std::uint64_t by)
      : runtime_error("task_group::create_task: the group is shutting down: it was cancelled, or one of its tasks or its "
                      "body has failed"),
        group_(by) {}
  std::uint64_t group() const noexcept { return group_; }

 private:
  std::uint64_t group_;
};

/// Is it only a refusal of the group of this number? It tells nothing that the group does not know: where tasks run in parallel, one
/// may fail between any two lines of whoever creates them.
bool is_own_refusal(std::uint64_t group, const std::exception_ptr& e) noexcept {
  if (*e.__cxa_exception_type() != typeid(refused)) return false;
  try {
    std::rethrow_exception(e);
  } catch (const refused& r) {
    return r.group() == group;
  }
}

/// Python's base errors: they end the group, and come out of it by themselves.
bool is_base_error(const std::exception_ptr& e) noexcept {
  return *e.__cxa_exception_type() == typeid(keyboard_interrupt);
}

}  // namespace
}  // namespace detail

task_group::task_group() : scope_(detail::current_scope()), owner_(detail::current_task_state()) {
  if (!owner_) throw std::runtime_error("task_group: no task is running here; make it in a coroutine that is");
}
task_group::task_group(detail::inner_scope& body) : task_group() {
  inner_ = &body;
}

task_group::~task_group() {
  if (running_ != 0)
    detail::fatal(
        "a task_group was destroyed while its tasks were running: co_await its join() on every path, giving it what "
        "the body has thrown, or use jay::with_task_group");
  while (detail::group_member* m = failed_) {
    failed_ = m->next;
    detail::task_state& t = *m->task;
    if (!ended_)  // never joined
      detail::report(t.where(), "a task_group was destroyed without join(); one of its tasks had failed", t.error(), &t);
    t.release();
  }
}

namespace {

void insert(detail::group_member& m, detail::group_member*& list) noexcept {
  m.next = list;
  if (list) list->link = &m.next;
  list = &m;
  m.link = &list;
}
void take_out(detail::group_member& m) noexcept {
  if (!m.link) return;
  *m.link = m.next;
  if (m.next) m.next->link = m.link;
  m.link = nullptr;
}

}  // namespace

bool task_group::adopt(detail::group_member& m) noexcept {
  detail::spin_guard g(mutex_);
  if (aborting_ || (joining_ && running_ == 0)) return false;
  ++running_;
  insert(m, untold_);
  return true;
}

void task_group::refuse() {
  if (ended_ || !aborting_) throw std::runtime_error("task_group::create_task: the group has ended");
  // A number, as the error may outlive the group, and another group may come to its address.
  static detail::atomic<std::uint64_t> last{0};
  std::uint64_t mine = refusals_.load(std::memory_order_relaxed);
  if (mine == 0) {  // relaxed: only to be different; the errors that carry it are handed on with more order than that
    std::uint64_t fresh = last.fetch_add(1, std::memory_order_relaxed) + 1;
    if (refusals_.compare_exchange_strong(mine, fresh, std::memory_order_relaxed)) mine = fresh;
  }
  throw detail::refused(mine);
}

void task_group::ended(detail::group_member& m) noexcept {
  detail::task_state& t = *m.task;
  // relaxed: set by this thread, or before what runs here was queued
  bool failed = t.state.load(std::memory_order_relaxed) == detail::status::error;
  if (failed) [[unlikely]] {
    t.retrieved.store(true, std::memory_order_relaxed);
    failed = !detail::is_own_refusal(refusals_.load(std::memory_order_relaxed), t.error());  // relaxed: it was told of it
  }
  if (failed) [[unlikely]] {
    t.retain();
    {
      detail::spin_guard g(mutex_);
      take_out(m);
      m.next = nullptr;
      *last_failed_ = &m;
      last_failed_ = &m.next;
    }
    abort();
  }
  detail::waiter* joiner = nullptr;
  {
    detail::spin_guard g(mutex_);
    if (!failed) take_out(m);
    if (--running_ == 0 && joiner_ && joiner_->claim()) joiner = std::exchange(joiner_, nullptr);
  }
  if (joiner) joiner->wake();
}

void task_group::abort() noexcept {
  bool body;
  {
    detail::spin_guard g(mutex_);
    if (aborting_) return;
    aborting_ = true;
    body = body_cancelled_ = cancelling_body_ = !joining_;
  }
  for (;;) {
    detail::state_ptr<detail::task_state> next;
    {
      detail::spin_guard g(mutex_);
      detail::group_member* m = untold_;
      if (!m) break;
      take_out(*m);
      next = detail::state_ptr<detail::task_state>::share(m->task);
    }
    next->cancel({});
  }
  if (!body) return;
  if (inner_) {
    inner_->cancel({});
  } else {
    owner_->cancel_requests.fetch_add(1, std::memory_order_relaxed);
    scope_->cancel({});
  }
  detail::spin_guard g(mutex_);
  cancelling_body_ = false;
}

void task_group::begin_join(std::exception_ptr body_error) {
  if (detail::current_task_state() != owner_)
    throw std::runtime_error("task_group::join: only the task that made the group may join it");
  bool again;
  {
    detail::spin_guard g(mutex_);
    again = std::exchange(joining_, true);
  }
  if (again) throw std::runtime_error("task_group::join: called twice");
  if (!body_error || detail::is_own_refusal(refusals_.load(std::memory_order_relaxed), body_error)) return;
  (detail::is_cancelled_error(body_error) ? cancelled_ : body_error_) = std::move(body_error);
  abort();
}

task<> task_group::join(std::exception_ptr body_error) {
  begin_join(std::move(body_error));
  for (;;) {
    bool done = co_await op<detail::group_wait, task_group*>(this);
    if (done) break;
  }
  co_await detail::group_end(*this);
}

bool task_group::in_use() noexcept {
  detail::spin_guard g(mutex_);
  return cancelling_body_;
}

void task_group::settle(detail::promise_base& p) {
  if (body_cancelled_)  // as it was when the join began: since then nobody cancels the body
    while (in_use()) detail::thread_yield();
  ended_ = true;
  // Were all cancels the group's own?
  bool from_outside = true;
  if (inner_) {
    inner_->close(p);
    from_outside = inner_->outer_cancelled();
  } else if (body_cancelled_) {
    from_outside = owner_->cancel_requests.fetch_sub(1, std::memory_order_relaxed) > 1;
    if (!from_outside) detail::scope_of(p.context)->take_cancel(p);  // the body has ended before it was delivered
  }
  if (!from_outside) cancelled_ = nullptr;

  std::vector<std::exception_ptr> errors;
  std::exception_ptr base;
  for (detail::group_member* m = failed_; m; m = m->next) {
    errors.push_back(m->task->error());
    if (!base && detail::is_base_error(errors.back())) base = errors.back();
  }
  if (body_error_ && detail::is_base_error(body_error_)) base = body_error_;
  if (base) std::rethrow_exception(base);
  if (body_error_) errors.push_back(std::move(body_error_));
  if (errors.empty()) {
    if (cancelled_) std::rethrow_exception(std::exchange(cancelled_, nullptr));
    return;
  }
  // The errors come first; the cancel from outside is due again, at the next suspension.
  if (cancelled_ || owner_->cancel_requests.load(std::memory_order_relaxed) > 0)
    detail::scope_of(p.context)->make_due(p, detail::is_forked(p.context));
  throw exception_group("unhandled errors in a TaskGroup", std::move(errors));
}

}  // namespace jay
