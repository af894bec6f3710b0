// SPDX-License-Identifier: MIT
// The order of the items, and who gets what when. A getter stands in the list only while there is no item, a putter only
// while there is no room; so an item that comes while somebody waits never meets another item, and goes straight to the
// first who is not being cancelled. In order = "asyncio" it does meet others: who waits is called, and looks again.
#include <jay/queue.hpp>

#include <algorithm>

#include <jay/detail/task_state.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {

// ---- items; mutex_ held ----

void queue_core::put_in(queue_cell i) {
  if (order_ == order::smallest) items_.heap.push(i);
  else items_.list.push_back(i);
  ++put_in_;
}
void queue_core::put_in_front(queue_cell i) {
  ++given_back_;
  if (order_ == order::smallest) items_.heap.push(i);
  else if (order_ == order::last_in) items_.list.push_back(i);
  else items_.list.push_front(i);
}
queue_cell queue_core::take_out() {
  ++taken_out_;
  if (order_ == order::smallest) return items_.heap.pop_smallest(precedes_, this);
  return order_ == order::last_in ? items_.list.pop_back() : items_.list.pop_front();
}

// ---- who gets what; mutex_ held ----

/// After a put: the item was not handed over, so who waits in turns is called.
[[gnu::noinline]] static waiter* call_after(queue_core::outcome o, waiter_list& getters) noexcept {
  return o == queue_core::outcome::done ? call_first(getters) : nullptr;
}

[[gnu::noinline]] bool queue_core::hand_to_getter(queue_cell i, waiter*& woken) noexcept {
  for (waiter* l; (l = getters_.front());) {
    if (l->in_turns) [[unlikely]] return false;
    getters_.pop_front();
    if (!l->claim()) continue;
    auto* g = static_cast<queue_awaiter*>(l);
    g->item_ = i;
    g->state_ = queue_awaiter::state::handed;
    woken = l;
    return true;
  }
  return false;
}

queue_core::outcome queue_core::place(queue_cell i, waiter*& woken) {
  if (shut_down_) return outcome::shut_down;
  if (getters_.empty() || !hand_to_getter(i, woken)) {
    if (!has_room()) return outcome::would_wait;
    put_in(i);
  }
  ++unfinished_;
  return outcome::done;
}

queue_core::outcome queue_core::take(queue_cell& i, woken_list& claimed) {
  if (size() == 0) return shut_down_ ? outcome::shut_down : outcome::would_wait;
  // So that nothing can fail once an item is out; a heap needs no memory.
  if (order_ != order::smallest && !putters_.empty()) items_.list.reserve();
  i = take_out();
  if (!putters_.empty()) admit_putters(claimed);
  return outcome::done;
}

// Whoever waits to put has found no room, so there is room for one now, or none if too many had come back.
void queue_core::admit_putters(woken_list& claimed) {
  while (has_room()) {
    waiter* l = putters_.front();
    if (!l) break;
    if (l->in_turns) [[unlikely]] {
      if (waiter* called = call_first(putters_)) claimed.add(*called);
      break;
    }
    putters_.pop_front();
    if (!l->claim()) continue;
    auto* p = static_cast<put_awaiter_base*>(l);
    put_in(p->item_);
    p->state_ = queue_awaiter::state::handed;
    p->number_ = put_in_;
    p->taken_out_ = taken_out_;
    p->given_back_ = given_back_;
    ++unfinished_;
    claimed.add(*l);
  }
}

void queue_core::finish(std::size_t n, woken_list& claimed) noexcept {
  unfinished_ -= std::min(n, unfinished_);
  if (unfinished_ != 0) return;
  joiners_.claim_all(claimed);
}

// ---- operations ----

queue_core::outcome queue_core::try_put(queue_cell i) {
  waiter* woken = nullptr;
  outcome o;
  {
    spin_guard g(mutex_);
    o = place(i, woken);
    if (!woken && !getters_.empty()) [[unlikely]] woken = call_after(o, getters_);
  }
  if (woken) woken->wake();
  return o;
}

queue_core::outcome queue_core::try_get(queue_cell& i) {
  woken_list claimed;
  outcome o;
  {
    spin_guard g(mutex_);
    o = take(i, claimed);
  }
  claimed.wake_all();
  return o;
}

void queue_core::task_done() {
  woken_list claimed;
  {
    spin_guard g(mutex_);
    if (unfinished_ == 0) throw std::invalid_argument("queue::task_done: called more often than there were items");
    finish(1, claimed);
  }
  claimed.wake_all();
}

queue_core::items queue_core::shutdown(bool immediate) noexcept {
  woken_list claimed;
  items dropped;
  {
    spin_guard g(mutex_);
    shut_down_ = true;
    if (immediate) {
      discard_ = true;
      finish(size(), claimed);
      dropped.list.swap(items_.list);
      std::swap(dropped.heap, items_.heap);
    }
    for (waiter_list* list : {&getters_, &putters_}) {
      while (waiter* l = list->claim_next()) {
        if (!l->in_turns) static_cast<queue_awaiter*>(l)->state_ = queue_awaiter::state::shut_down;
        claimed.add(*l);
      }
    }
  }
  claimed.wake_all();
  return dropped;
}

/// Of one that was called, and is cancelled: is there still something to do?
void queue_core::pass_turn_on(waiter_list queue_core::*list) noexcept {
  waiter* woken = nullptr;
  {
    spin_guard g(mutex_);
    if (list == &queue_core::getters_ ? size() != 0 : has_room()) woken = call_first(this->*list);
  }
  if (woken) woken->wake();
}

queue_core::returned queue_core::give_back(queue_cell i) noexcept {
  woken_list claimed;
  waiter* woken = nullptr;
  returned what = returned::taken;
  {
    spin_guard g(mutex_);
    if (discard_) {
      what = returned::unwanted;
      finish(1, claimed);
    } else if (!hand_to_getter(i, woken)) {
      try {
        put_in_front(i);
      } catch (const std::bad_alloc&) {
        what = returned::no_room;
      }
    }
  }
  if (woken) woken->wake();
  claimed.wake_all();
  return what;
}

// Where the counts cannot tell whether the item is still there (one came back to the front since then, or a put behind it
// was undone first), it counts as got.
bool queue_core::undo(const put_awaiter_base& p) noexcept {
  woken_list claimed;
  {
    spin_guard g(mutex_);
    std::uint64_t behind = put_in_ - p.number_;
    if (given_back_ != p.given_back_ || undone_ > p.number_) return false;
    if (order_ == order::first_in) {
      if (size() <= behind) return false;
      items_.list.remove(behind);
    } else {
      // who takes from a full queue lets one in, which is then the last, or stands apart until one is taken again
      if (size() == 0 || taken_out_ != p.taken_out_) return false;
      if (order_ == order::last_in) items_.list.remove(behind);
      else if (!items_.heap.remove(p.item_)) return false;
    }
    undone_ = p.number_;
    finish(1, claimed);
    admit_putters(claimed);  // into the cell that has become free
  }
  claimed.wake_all();
  return true;
}

std::size_t queue_core::qsize() const noexcept {
  spin_guard g(mutex_);
  return size();
}

// ---- awaiters ----

bool queue_awaiter::ready(queue_core::outcome o) noexcept {
  if (o == queue_core::outcome::would_wait) return false;
  state_ = o == queue_core::outcome::done ? state::done : state::shut_down;
  return true;
}

void queue_awaiter::forget(waiter_list queue_core::*list) noexcept {
  spin_guard g(queue_->mutex_);
  (queue_->*list).remove(*this);
}

struct queue_awaiter::place {
  queue_core& queue;
  waiter_list queue_core::*waiters;
  awaited what() const noexcept {
    return waiters == &queue_core::getters_ ? awaited::queue_get : awaited::queue_put;
  }
  spin_mutex& mutex() noexcept { return queue.mutex_; }
  waiter_list& list() noexcept { return queue.*waiters; }
  bool needless() const noexcept {
    return queue.shut_down_ || (waiters == &queue_core::getters_ ? queue.size() != 0 : queue.has_room());
  }
  void waits() const noexcept {}
};

task<> queue_awaiter::called(waiter_list queue_core::*list) {
  place here{*queue_, list};
  turn_end end = co_await op<turn<place>, place>(here);
  if (end == turn_end::called) co_return;
  if (end == turn_end::called_and_cancelled) queue_->pass_turn_on(list);
  current_scope()->throw_cancelled();
}

bool queue_awaiter::wait_in_turns(task<> loop) {
  std::construct_at(&ended_);
  state_ = state::in_turns;
  run_inside(std::move(loop), *this, ended_);
  return true;
}

task<> get_awaiter_base::in_turns_loop() {
  for (queue_core::outcome o = queue_core::outcome::would_wait; o == queue_core::outcome::would_wait;) {
    co_await called(&queue_core::getters_);
    o = queue_->try_get(item_);
    if (o == queue_core::outcome::shut_down) throw queue_shut_down();
  }
}

task<> put_awaiter_base::in_turns_loop() {
  for (queue_core::outcome o = queue_core::outcome::would_wait; o == queue_core::outcome::would_wait;) {
    co_await called(&queue_core::putters_);
    o = queue_->try_put(item_);
    if (o == queue_core::outcome::shut_down) throw queue_shut_down();
  }
  state_ = state::done;
}

bool get_awaiter_base::suspend() {
  if (this_worker->fifo) [[unlikely]] return wait_in_turns(in_turns_loop());
  if (refused()) return false;
  woken_list claimed;
  {
    spin_guard g(queue_->mutex_);
    queue_core::outcome o = queue_->take(item_, claimed);
    if (o == queue_core::outcome::would_wait) {
      state_ = state::waiting;
      return queue_->getters_.suspend(*this);
    }
    state_ = o == queue_core::outcome::done ? state::done : state::shut_down;
  }
  claimed.wake_all();
  return !go_on_at_once(*this);
}

void get_awaiter_base::resumed() {
  if (state_ == state::in_turns) return ended_.check();
  leave();
  if (cancelled()) {
    forget(&queue_core::getters_);
    owner->throw_cancelled();
  }
  if (state_ == state::shut_down) throw queue_shut_down();
  if (state_ == state::handed && cancelled_since()) {
    queue_core::returned what = queue_->give_back(item_);
    if (what == queue_core::returned::no_room) return owner->make_due(promise_of(frame), forked);  // it has the item
    if (what == queue_core::returned::taken) item_ = 0;
    owner->throw_cancelled();
  }
}

bool put_awaiter_base::suspend() {
  if (this_worker->fifo) [[unlikely]] return wait_in_turns(in_turns_loop());
  if (refused()) return false;
  waiter* woken = nullptr;
  {
    spin_guard g(queue_->mutex_);
    queue_core::outcome o = queue_->place(item_, woken);
    if (!woken && !queue_->getters_.empty()) [[unlikely]] woken = call_after(o, queue_->getters_);
    if (o == queue_core::outcome::would_wait) {
      state_ = state::waiting;
      return queue_->putters_.suspend(*this);
    }
    state_ = o == queue_core::outcome::done ? state::done : state::shut_down;
  }
  if (woken) woken->wake();
  return !go_on_at_once(*this);
}

void put_awaiter_base::resumed() {
  if (state_ == state::in_turns) return ended_.check();
  if (cancelled()) {
    forget(&queue_core::putters_);
    owner->throw_cancelled();
  }
  if (state_ == state::shut_down) throw queue_shut_down();
  if (state_ != state::handed || !cancelled_since()) return;
  if (!queue_->undo(*this)) return owner->make_due(promise_of(frame), forked);
  state_ = state::waiting;  // the item is ours again
  owner->throw_cancelled();
}

bool queue_join_awaiter::suspend() noexcept {
  if (refused()) return false;
  {
    spin_guard g(queue_->mutex_);
    if (queue_->unfinished_ != 0) {
      state_ = state::waiting;
      return queue_->joiners_.suspend(*this);
    }
  }
  return !go_on_at_once(*this);
}

void queue_join_awaiter::await_resume() {
  leave();
  if (cancelled()) forget(&queue_core::joiners_);
  else if (state_ != state::waiting || !cancelled_since()) return;
  owner->throw_cancelled();
}

}  // namespace jay::detail
