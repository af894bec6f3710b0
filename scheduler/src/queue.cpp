// SPDX-License-Identifier: MIT
// The order of the items, and who gets what when. A getter stands in the list only while there is no item, a putter only
// while there is no room; so an item that comes while somebody waits never meets another item, and goes straight to the
// first who is not being cancelled.
#include <jay/queue.hpp>

#include <algorithm>

#include <jay/scheduler.hpp>

namespace jay::detail {

// ---- items; mutex_ held ----

void queue_core::push_back(queue_item* i) noexcept {
  ++size_;
  if (order_ != order::first_in) {
    i->next = head_;  // last_in: the newest is in front; smallest: a heap of one, compared when something is taken
    head_ = i;
    return;
  }
  i->next = nullptr;
  (head_ ? tail_->next : head_) = i;
  tail_ = i;
}

void queue_core::push_front(queue_item* i) noexcept {
  ++size_;
  if (!head_) tail_ = i;
  i->next = head_;
  head_ = i;
}

queue_item* queue_core::pop() {
  if (order_ == order::smallest) return pop_smallest();
  --size_;
  return std::exchange(head_, head_->next);
}

// A pairing heap: heaps are melded two by two, in rounds, until one is left; its top is the smallest, its children are
// the heaps that remain. Melding costs one comparison, and a throw leaves a list of heaps as good as before. Rejected: a
// binary heap in a vector, which allocates under the lock, and loses or misplaces items when a comparison throws.
queue_item* queue_core::pop_smallest() {
  queue_item* last = head_;
  while (last->next) last = last->next;
  while (head_->next) {
    queue_item* a = head_;
    queue_item* b = a->next;
    bool swapped = precedes_(*this, *b, *a);
    queue_item* rest = b->next;
    if (swapped) std::swap(a, b);
    b->next = std::exchange(a->child, b);
    a->next = nullptr;
    if (rest) {
      last->next = a;
      head_ = rest;
    } else {
      head_ = a;
    }
    last = a;
  }
  --size_;
  queue_item* top = head_;
  head_ = std::exchange(top->child, nullptr);
  return top;
}

queue_item* queue_core::take_all() noexcept {
  queue_item* all = nullptr;
  for (queue_item* i = std::exchange(head_, nullptr); i;) {
    queue_item* next = i->next;
    if (queue_item* child = std::exchange(i->child, nullptr)) {
      queue_item* last = child;
      while (last->next) last = last->next;
      last->next = next;
      next = child;
    }
    i->next = all;
    all = i;
    i = next;
  }
  size_ = 0;
  return all;
}

// ---- who gets what; mutex_ held ----

bool queue_core::hand_to_getter(queue_item* i, leaf*& woken) noexcept {
  while (leaf* l = getters_.pop_front()) {
    if (!l->claim()) continue;
    auto* g = static_cast<queue_awaiter*>(l);
    g->item_ = i;
    g->state_ = queue_awaiter::state::handed;
    woken = l;
    return true;
  }
  return false;
}

queue_core::outcome queue_core::place(queue_item* i, leaf*& woken) noexcept {
  if (shut_down_) return outcome::shut_down;
  if (!hand_to_getter(i, woken)) {
    if (!has_room()) return outcome::would_wait;
    push_back(i);
  }
  ++unfinished_;
  return outcome::done;
}

queue_core::outcome queue_core::take(queue_item*& i, claimed_list& claimed) {
  if (size_ == 0) return shut_down_ ? outcome::shut_down : outcome::would_wait;
  i = pop();
  while (has_room()) {
    leaf* l = putters_.pop_front();
    if (!l) break;
    if (!l->claim()) continue;
    auto* p = static_cast<queue_awaiter*>(l);
    push_back(p->item_);
    p->state_ = queue_awaiter::state::handed;
    ++unfinished_;
    claimed.add(*l);
  }
  return outcome::done;
}

void queue_core::finish(std::size_t n, claimed_list& claimed) noexcept {
  unfinished_ -= std::min(n, unfinished_);
  if (unfinished_ != 0) return;
  while (leaf* l = joiners_.pop_front())
    if (l->claim()) claimed.add(*l);
}

// ---- operations ----

queue_core::outcome queue_core::try_put(queue_item* i) noexcept {
  leaf* woken = nullptr;
  outcome o;
  {
    spin_guard g(mutex_);
    o = place(i, woken);
  }
  if (woken) woken->wake();
  return o;
}

queue_core::outcome queue_core::try_get(queue_item*& i) {
  claimed_list claimed;
  outcome o;
  {
    spin_guard g(mutex_);
    o = take(i, claimed);
  }
  claimed.wake_all();
  return o;
}

void queue_core::task_done() {
  claimed_list claimed;
  {
    spin_guard g(mutex_);
    if (unfinished_ == 0) throw std::invalid_argument("queue::task_done: called more often than there were items");
    finish(1, claimed);
  }
  claimed.wake_all();
}

queue_item* queue_core::shutdown(bool immediate) noexcept {
  claimed_list claimed;
  queue_item* dropped = nullptr;
  {
    spin_guard g(mutex_);
    shut_down_ = true;
    if (immediate) {
      discard_ = true;
      std::size_t n = size_;
      dropped = take_all();
      finish(n, claimed);
    }
    for (leaf_list* list : {&getters_, &putters_}) {
      while (leaf* l = list->pop_front()) {
        if (!l->claim()) continue;
        static_cast<queue_awaiter*>(l)->state_ = queue_awaiter::state::shut_down;
        claimed.add(*l);
      }
    }
  }
  claimed.wake_all();
  return dropped;
}

bool queue_core::give_back(queue_item* i) noexcept {
  claimed_list claimed;
  leaf* woken = nullptr;
  bool wanted;
  {
    spin_guard g(mutex_);
    wanted = !discard_;
    if (!wanted) finish(1, claimed);
    else if (!hand_to_getter(i, woken)) push_front(i);
  }
  if (woken) woken->wake();
  claimed.wake_all();
  return wanted;
}

std::size_t queue_core::qsize() const noexcept {
  spin_guard g(mutex_);
  return size_;
}

// ---- awaiters ----

bool queue_awaiter::ready(queue_core::outcome o) noexcept {
  if (o == queue_core::outcome::would_wait) return false;
  state_ = o == queue_core::outcome::done ? state::done : state::shut_down;
  return this_worker->spend();
}

bool queue_awaiter::yield() noexcept {
  schedule_last(*owner->sched, frame);
  return true;
}

void queue_awaiter::forget(leaf_list queue_core::*list) noexcept {
  spin_guard g(queue_->mutex_);
  (queue_->*list).remove(*this);
}

bool get_awaiter_base::suspend() {
  if (state_ != state::fresh) return yield();  // await_ready was served, but the strand is to yield
  claimed_list claimed;
  {
    spin_guard g(queue_->mutex_);
    queue_core::outcome o = queue_->take(item_, claimed);
    if (o == queue_core::outcome::would_wait) {
      state_ = state::waiting;
      queue_->getters_.push_back(*this);
      if (arm()) return true;
      queue_->getters_.remove(*this);
      return false;
    }
    state_ = o == queue_core::outcome::done ? state::done : state::shut_down;
  }
  claimed.wake_all();
  return !go_on_at_once(*this);
}

void get_awaiter_base::resumed() {
  leave();
  if (cancelled()) {
    forget(&queue_core::getters_);
    owner->throw_cancelled();
  }
  if (state_ == state::shut_down) throw queue_shut_down();
  if (state_ == state::handed && cancelled_since()) {
    if (queue_->give_back(item_)) item_ = nullptr;
    owner->throw_cancelled();
  }
}

bool put_awaiter_base::suspend() noexcept {
  if (state_ != state::fresh) return yield();
  leaf* woken = nullptr;
  {
    spin_guard g(queue_->mutex_);
    queue_core::outcome o = queue_->place(item_, woken);
    if (o == queue_core::outcome::would_wait) {
      state_ = state::waiting;
      queue_->putters_.push_back(*this);
      if (arm()) return true;
      queue_->putters_.remove(*this);
      return false;
    }
    state_ = o == queue_core::outcome::done ? state::done : state::shut_down;
  }
  if (woken) woken->wake();
  return !go_on_at_once(*this);
}

void put_awaiter_base::await_resume() {
  leave();
  if (cancelled()) {
    forget(&queue_core::putters_);
    owner->throw_cancelled();
  }
  if (state_ == state::shut_down) throw queue_shut_down();
}

bool queue_join_awaiter::suspend() noexcept {
  {
    spin_guard g(queue_->mutex_);
    if (queue_->unfinished_ != 0) {
      state_ = state::waiting;
      queue_->joiners_.push_back(*this);
      if (arm()) return true;
      queue_->joiners_.remove(*this);
      return false;
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
