// SPDX-License-Identifier: MIT
// One suspension that is waiting for something: the part of an awaiter that completers and cancellers know.
//
// The awaiter derives from leaf and does, in this order:
//
//   bool await_suspend(std::coroutine_handle<P> h) {
//     prepare(h);                          // 1. before the resource's lock: after it another thread may resume the frame
//     lock the resource;
//     if (there is nothing to wait for) { unlock; return false; }
//     link *this into the resource's list;
//     if (!arm()) { unlink; unlock; return false; }   // a cancel was pending: await_resume throws
//     unlock; return true;                 // 2. *this may be gone from here on
//   }
//   T await_resume() {
//     lock the resource; unlink *this if it is still linked; unlock;   // needed only after a cancel: if (cancelled())
//     finish();                            // 3. leaves the scope; throws cancelled_error if a cancel ended the wait
//     ...
//   }
//
// The completer, with the resource's lock held: unlink the leaf; if (l->claim()) { write the result; l->wake(); }.
// If claim says no, a canceller was faster: the leaf is skipped. A leaf stays valid while the completer holds the
// resource's lock, as the resumed coroutine must take that lock (await_resume) before it can go on.
#pragma once

#include <coroutine>

#include <jay/detail/promise_base.hpp>
#include <jay/detail/scope.hpp>

namespace jay::detail {

struct JAY_API alignas(16) leaf {
  using jay_awaiter = void;
  leaf() noexcept = default;
  leaf(const leaf&) = delete;
  leaf& operator=(const leaf&) = delete;

  // ---- the strand ----

  template <class Promise>
  void prepare(std::coroutine_handle<Promise> h) noexcept {
    static_assert(std::is_base_of_v<promise_base, Promise>,
                  "this can be awaited only inside a coroutine of jay's (jay::task and the like)");
    prepare(job_of(h), h.promise().context);
  }
  /// False: a cancel was due; do not suspend. `forward`, if given, is what a cancel does instead of ending the wait: it
  /// passes the cancel on and says whether it was accepted.
  bool arm(bool (*forward)(leaf*) = nullptr) noexcept;
  /// After the suspension (also one that did not happen): leaves the scope.
  void leave() noexcept {
    if (listed) owner->remove(*this);
  }
  void finish() {
    leave();
    if (was_cancelled) [[unlikely]] owner->throw_cancelled();
  }
  /// For a turn that was handed over (a lock, a permit, an item): a cancel that came after it is taken now.
  bool cancelled_since() noexcept;
  bool cancelled() const noexcept { return was_cancelled; }

  // ---- completers ----

  bool claim() noexcept { return word->claim(this); }
  /// Schedules the frame. The leaf may be gone afterwards.
  void wake() noexcept;

  job* frame = nullptr;
  scope* owner = nullptr;
  cancel_word* word = nullptr;
  bool (*forward)(leaf*) = nullptr;
  leaf* next = nullptr;  // links of the resource's list (wait_list.hpp)
  leaf* prev = nullptr;
  leaf* scope_next = nullptr;  // links of scope::suspended
  leaf* scope_prev = nullptr;
  leaf* scope_chain = nullptr;  // a canceller's list of those to pass the cancel on to
  cancel_word own_word;  // a forked strand's
  bool forked = false;
  bool listed = false;         // in scope::suspended
  bool was_cancelled = false;
  bool linked = false;         // in the resource's list; guarded by the resource's lock

 private:
  void prepare(job* frame, std::uintptr_t context) noexcept;
};

/// Intrusive list of leaves, first in, first out. No lock of its own: the resource's lock guards it.
class leaf_list {
 public:
  bool empty() const noexcept { return !head_; }
  leaf* front() const noexcept { return head_; }
  void push_back(leaf& l) noexcept {
    l.next = nullptr;
    l.prev = tail_;
    (tail_ ? tail_->next : head_) = &l;
    tail_ = &l;
    l.linked = true;
  }
  void remove(leaf& l) noexcept {
    if (!l.linked) return;
    (l.prev ? l.prev->next : head_) = l.next;
    (l.next ? l.next->prev : tail_) = l.prev;
    l.linked = false;
  }
  leaf* pop_front() noexcept {
    leaf* l = head_;
    if (l) remove(*l);
    return l;
  }

 private:
  leaf* head_ = nullptr;
  leaf* tail_ = nullptr;
};

}  // namespace jay::detail
