// SPDX-License-Identifier: MIT
// What idle.hpp's protocol asks of a worker that finds nothing to do, and of whoever has put a job into a shared queue:
// here as the scheduler runs it and as tests/model checks it.
//
// Crew: struct idle& idlers();
//       bool is_stopping();          seq_cst: who stops the crew sets it, and then wakes everybody
//       job* search(w);              a searcher's look for work, as long as that is worth it
//       bool work_in_sight();        S3: at every queue, and is_stopping()
//       bool anything_shared();      a hint: who has put it there may have relied on a searcher
//       void run(w, job*);
//       void sleep(w);               until it is woken; at once if it was woken meanwhile
//       void wake_one();
//       void call_to_shared();       workers that compute: they look at their next fork, await or end
#pragma once

#include <cstddef>

#include <jay/detail/idle.hpp>

namespace jay::detail {

struct job;

/// After so many jobs were put into a shared queue: sees to it that somebody looks.
template <class Crew>
void call_for(Crew& c, std::size_t jobs) noexcept {
  idle& i = c.idlers();
  if (i.wanting()) return c.wake_one();  // it wakes the next one if there is more
  if (i.anyone_searching() && jobs == 1) return;
  c.call_to_shared();  // everybody is busy
}

/// Runs one job, whenever it comes. False: the crew stops.
template <class Crew, class Worker>
bool wait_for_work(Crew& c, Worker& w) noexcept {
  idle& i = c.idlers();
  bool searching = i.begin_search();
  for (;;) {
    if (c.is_stopping()) return false;
    if (searching) {
      if (job* j = c.search(w)) {
        if (i.found()) c.wake_one();
        else if (c.anything_shared()) call_for(c, 2);
        c.run(w, j);
        return true;
      }
      if (c.is_stopping()) return false;
    }
    i.announce(w, searching);
    searching = true;  // whether it finds something, polls something or is woken
    if (c.work_in_sight() && i.retract(w)) {
      cpu_relax();  // who has the job may need time to take it off the count
      continue;
    }
    c.sleep(w);
    i.retract(w);  // only after a poll that was not interrupted does it still stand in the list
  }
}

}  // namespace jay::detail
