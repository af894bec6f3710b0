// SPDX-License-Identifier: MIT
// The end of a gather's child: who goes on, its next sibling, the parent, or something else. Here as the scheduler runs it
// and as tests/model checks it.
#pragma once

#include <jay/detail/job.hpp>
#include <jay/detail/join_counter.hpp>

namespace jay::detail {

/// What a join begins with. Join, below: bool has_child(job*); job* close_out(Worker&, job* popped), which gives the job
/// back to the deque, closes the counter, and gives the parent if that was the last.
struct join_end {
  job* parent;
  join_counter counter;

  job* finish_shared() noexcept {
    job* p = parent;  // before the count: the join may be gone afterwards
    return counter.finish_shared() ? p : nullptr;
  }
};

/// A child of j has ended on w. Gives what to run next, null for the worker's loop.
template <class Join, class Worker>
[[gnu::always_inline]] inline job* child_ended(Join& j, Worker& w) noexcept {
  if (j.counter.owned_by(&w)) [[likely]] {
    if (j.counter.finish_owned()) return j.parent;
    if (!w.calm()) [[unlikely]] return j.close_out(w, nullptr);  // the siblings stand in the deque; the loop decides
    job* sibling = w.jobs.pop();
    if (sibling && j.has_child(sibling)) [[likely]] return sibling;
    return j.close_out(w, sibling);
  }
  return j.finish_shared();
}

}  // namespace jay::detail
