// SPDX-License-Identifier: MIT
#include "task_notes.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include <jay/detail/join.hpp>
#include <jay/error.hpp>
#include <jay/task.hpp>

#include "core/debug_mode.hpp"

namespace jay::detail {
namespace {

/// Coroutines of a way that are noted.
constexpr std::size_t longest_way = 32;

// The last one that was noted here. Not in the worker: its destructor is the user's code, and runs where the step ends.
thread_local std::exception_ptr last_thrown;

const void* address_of(const std::exception_ptr& e) noexcept {
  static_assert(sizeof e == sizeof(void*), "libstdc++'s is a pointer to the exception");
  const void* address;
  std::memcpy(&address, &e, sizeof address);
  return address;
}

/// Up the awaits from the coroutine that runs, whose awaiters are all suspended: those of a gather wait for this child too.
await_chain way_from(promise_base& p, const void* exception) {
  await_chain way;
  way.exception = exception;
  for (job* frame = frame_of(p); frame;) {
    if (way.places.size() == longest_way) {
      way.shortened = true;
      break;
    }
    const promise_base& at = promise_of(frame);
    way.places.push_back(at.where);
    way.frames.push_back(frame);
    const std::uintptr_t next = past_exits(at.continuation);
    const std::uintptr_t address = next & ~continues_mask;
    switch (static_cast<continues>(next & continues_mask)) {
      case continues::frame: frame = reinterpret_cast<job*>(address); break;
      case continues::joins: frame = reinterpret_cast<join*>(address)->parent; break;
      default: frame = nullptr;
    }
  }
  return way;
}

bool is_on(const await_chain& way, const promise_base& p, job* frame) noexcept {
  const auto at = std::find(way.frames.begin(), way.frames.end(), frame);
  if (at == way.frames.begin() || at == way.frames.end()) return false;
  const std::source_location& place = way.places[static_cast<std::size_t>(at - way.frames.begin())];
  return place.line() == p.where.line() && place.file_name() == p.where.file_name();
}

template <class Note>
void keep(task_state& t, std::shared_ptr<Note> shared_state::texts::* where, std::shared_ptr<Note> note) {
  auto fresh = std::make_unique<shared_state::texts>();
  spin_guard g(t.mutex);
  if (!t.said) t.said = fresh.release();
  (t.said->*where).swap(note);
}
template <class Note>
std::shared_ptr<Note> kept(task_state& t, std::shared_ptr<Note> shared_state::texts::* where) noexcept {
  spin_guard g(t.mutex);
  return t.said ? t.said->*where : nullptr;
}

std::string text_of(const task_origin& o) {
  std::string text = o.creator;
  if (o.at.line() != 0)
    text += std::string(" (") + o.at.function_name() + ", " + o.at.file_name() + ":" + std::to_string(o.at.line()) + ")";
  return text;
}

}  // namespace

std::string place_of(const std::source_location& at) {
  if (at.line() == 0) return "an unknown place";
  return std::string(at.function_name()) + " (" + at.file_name() + ":" + std::to_string(at.line()) + ")";
}

void note_origin(task_state& t) noexcept {
  try {
    task_state* creator = current_task_state();
    if (!creator) return;
    const auto at = this_worker->step_at.load(std::memory_order_relaxed);  // relaxed: this thread's own
    keep(t, &shared_state::texts::origin, std::shared_ptr<const task_origin>(new task_origin{creator->get_name(), at}));
  } catch (const std::bad_alloc&) {
  }
}

std::string origin_of(task_state& t) {
  const auto origin = kept(t, &shared_state::texts::origin);
  return origin ? text_of(*origin) : std::string();
}

std::string dropped_here() {
  task_state* t = current_task_state();
  if (!t) return {};
  const auto at = this_worker->step_at.load(std::memory_order_relaxed);  // relaxed: this thread's own
  return "; dropped by " + t->get_name() + ", which had gone on in " + place_of(at);
}

void note_thrown(promise_base& p, const std::exception_ptr& e) noexcept {
  if (!debug_seen.load(std::memory_order_relaxed)) [[likely]] return;  // relaxed: see there
  try {
    worker* w = this_worker;
    task_state* t = w && w->sched->debugging() ? scope_of(p.context)->task() : nullptr;
    if (!t || is_cancelled_error(e)) return;
    const void* exception = address_of(e);
    const auto before = kept(*t, &shared_state::texts::thrown_through);
    if (before && before->exception == exception && is_on(*before, p, frame_of(p))) return;
    keep(*t, &shared_state::texts::thrown_through, std::shared_ptr<const await_chain>(new await_chain(way_from(p, exception))));
    std::exception_ptr last = e;  // the one before it may run the user's code, which may come here
    last_thrown.swap(last);
  } catch (const std::bad_alloc&) {
  }
}

void forget_thrown() noexcept {
  if (!last_thrown) return;
  std::exception_ptr last;
  last_thrown.swap(last);
}

void report_unretrieved(task_state& t) noexcept {
  constexpr const char* what = "a task's exception was never retrieved";
  try {
    std::string text;
    if (const std::string origin = origin_of(t); !origin.empty()) text += "; the task was made by " + origin;
    const auto way = kept(t, &shared_state::texts::thrown_through);
    if (way && way->exception == address_of(t.error())) {
      text += "; the exception left ";
      for (std::size_t i = 0; i < way->places.size(); ++i) text += (i == 0 ? "" : ", then ") + place_of(way->places[i]);
      if (way->shortened) text += ", then others";
    }
    if (!text.empty()) return report(t.where(), (what + text).c_str(), t.error(), &t);
  } catch (const std::bad_alloc&) {
  }
  report(t.where(), what, t.error(), &t);
}

}  // namespace jay::detail
