// SPDX-License-Identifier: MIT
#include <jay/detail/timers.hpp>

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <new>
#include <stdexcept>
#include <system_error>

#include <jay/detail/reactor.hpp>
#include <jay/detail/worker.hpp>

namespace jay::detail {
namespace {

constexpr std::int64_t never = INT64_MAX;
/// The same in every run, so that a run is the same to the last digit.
constexpr time_point virtual_start{std::chrono::seconds(1'000'000)};
/// Deadlines closer than the slack to the moment the timerfd is set again after an expiry are fired together, so that one
/// wake-up serves many. It doubles while a crowd comes due each time, and halves when hardly any does.
constexpr std::chrono::microseconds least_slack{50}, most_slack{400};
constexpr std::size_t crowd = 8, few = 2;
/// Fired per call: a thread that runs what was fired must not keep the rest waiting.
constexpr std::size_t batch = 1024;
/// Of a heap, in timers: 16 KiB. It never shrinks below.
constexpr std::size_t least_capacity = 1024;

std::int64_t ticks(time_point t) noexcept { return t.time_since_epoch().count(); }

}  // namespace

timers::timers(std::size_t n, bool is_virtual)
    : armed_(never), slack_(time_point::duration(least_slack).count()) {
  if (is_virtual) {
    move_clock(virtual_start);
  } else {
    fd_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "reactor: timerfd_create");
  }
  for (std::size_t i = 0; i < n; ++i) shards_.push_back(std::make_unique<shard>());
}
timers::~timers() {
  if (fd_ >= 0) ::close(fd_);
}

timers::shard& timers::enter(timer& t) noexcept {
  worker* w = this_worker;
  t.shard = static_cast<std::uint32_t>(w ? w->index % shards_.size() : shards_.size() - 1);
  return *shards_[t.shard];
}

void timers::sift_up(shard& s, std::uint32_t i, entry e) noexcept {
  while (i > 0) {
    std::uint32_t parent = (i - 1) / 4;
    if (!goes_before(e, s.heap[parent])) break;
    s.heap[i] = s.heap[parent];
    s.heap[i].which->place = i;
    i = parent;
  }
  s.heap[i] = e;
  e.which->place = i;
}

void timers::sift_down(shard& s, std::uint32_t i, entry e) noexcept {
  auto n = static_cast<std::uint32_t>(s.heap.size());
  for (;;) {
    std::uint32_t first = 4 * i + 1;
    if (first >= n) break;
    std::uint32_t least = first;
    for (std::uint32_t c = first + 1; c < std::min(first + 4, n); ++c)
      if (goes_before(s.heap[c], s.heap[least])) least = c;
    if (!goes_before(s.heap[least], e)) break;
    s.heap[i] = s.heap[least];
    s.heap[i].which->place = i;
    i = least;
  }
  s.heap[i] = e;
  e.which->place = i;
}

void timers::insert(shard& s, timer& t) {
  JAY_DEBUG_ASSERT(s.mutex.is_locked());
  t.armed_as = ++s.armed;
  s.heap.push_back({t.deadline, &t});
  sift_up(s, static_cast<std::uint32_t>(s.heap.size() - 1), s.heap.back());
}

void timers::erase(shard& s, timer& t) noexcept {
  JAY_DEBUG_ASSERT(s.mutex.is_locked() && t.place < s.heap.size() && s.heap[t.place].which == &t);
  std::uint32_t i = t.place;
  t.place = timer::absent;
  entry last = s.heap.back();
  s.heap.pop_back();
  if (s.heap.size() < s.heap.capacity() / 8) [[unlikely]] shrink(s);
  if (last.which == &t) return;
  if (i > 0 && goes_before(last, s.heap[(i - 1) / 4])) sift_up(s, i, last);
  else sift_down(s, i, last);
}

// A burst of timers does not keep its memory. So far below the capacity, and to so much above the size, that it costs little
// for each timer that has come and gone since the last time.
void timers::shrink(shard& s) noexcept {
  if (s.heap.capacity() <= least_capacity) return;
  try {
    decltype(s.heap) smaller;
    smaller.reserve(std::max(4 * s.heap.size(), least_capacity));
    smaller.assign(s.heap.begin(), s.heap.end());
    s.heap.swap(smaller);
  } catch (const std::bad_alloc&) {  // it stays as it is
  }
}

bool timers::remove(timer& t) noexcept {
  shard& s = *shards_[t.shard];
  spin_guard g(s.mutex);
  if (t.place == timer::absent) return false;
  erase(s, t);
  return true;
}

void timers::arm(time_point deadline) noexcept {
  if (fd_ < 0) [[unlikely]] return;  // who moves the clock looks at the heaps
  spin_guard g(arming_);
  if (deadline >= armed()) return;
  armed_.store(ticks(deadline), std::memory_order_seq_cst);  // [A5], or that of an add: with [A2]
  std::int64_t ns = std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(deadline.time_since_epoch()).count(), 1);
  itimerspec at{{0, 0}, {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)}};
  ::timerfd_settime(fd_, TFD_TIMER_ABSTIME, &at, nullptr);
}

void timers::ring(time_point::duration in) noexcept {
  time_point at = now() + in;
  if (at < armed()) arm(at);
}

void timers::expire(ready_list& out) noexcept {
  {
    spin_guard g(arming_);
    armed_.store(never, std::memory_order_seq_cst);  // [A3] seq_cst: with [A2]
  }
  const time_point now = this->now();
  time_point earliest = time_point::max();
  std::size_t fired = 0;
  struct {
    time_point deadline;
    std::size_t nth;
    job* frame;
  } runnable[batch];  // by shard
  std::size_t n = 0, shards = 0;
  std::vector<job*>& jobs = out.jobs();
  std::size_t before = jobs.size();
  for (auto& p : shards_) {
    shard& s = *p;
    spin_guard g(s.mutex);
    std::size_t n_before = n;
    while (!s.heap.empty() && s.heap.front().deadline <= now && fired < batch) {
      const auto [deadline, which] = s.heap.front();
      erase(s, *which);
      which->fire(*which, out);  // one frame, or none
      ++fired;
      if (jobs.size() > before + n) runnable[n] = {deadline, n, jobs.back()}, ++n;
    }
    shards += n > n_before;
    if (!s.heap.empty()) earliest = std::min(earliest, s.heap.front().deadline);
  }
  if (shards > 1) {
    std::sort(runnable, runnable + n, [](const auto& a, const auto& b) {
      return a.deadline != b.deadline ? a.deadline < b.deadline : a.nth < b.nth;
    });
    for (std::size_t i = 0; i < n; ++i) jobs[before + i] = runnable[i].frame;
  }
  rearm(earliest, now, fired);
}

void timers::rearm(time_point earliest, time_point now, std::size_t fired) noexcept {
  if (earliest == time_point::max()) return;
  time_point::duration slack{slack_.load(std::memory_order_relaxed)};
  if (fired >= crowd) slack = std::min<time_point::duration>(2 * slack, most_slack);
  else if (fired < few) slack = std::max<time_point::duration>(slack / 2, least_slack);
  slack_.store(slack.count(), std::memory_order_relaxed);
  arm(earliest <= now ? now : fired ? std::max(earliest, now + slack) : earliest);  // [A5]
}

// As asyncio's loop does, but that a batch has no limit: whoever runs next looks at none of these.
void timers::expire_in_turn(scheduler& s) noexcept {
  {
    spin_guard g(arming_);
    armed_.store(never, std::memory_order_seq_cst);  // [A3] seq_cst: with [A2]
  }
  const time_point now = this->now();
  ready_list out(s, true);
  std::size_t fired = 0;
  for (;;) {
    shard* first = nullptr;
    time_point earliest = time_point::max();
    for (auto& p : shards_) {
      spin_guard g(p->mutex);
      if (p->heap.empty() || p->heap.front().deadline >= earliest) continue;
      earliest = p->heap.front().deadline;
      first = p.get();
    }
    if (earliest > now) return rearm(earliest, now, fired);
    {
      spin_guard g(first->mutex);
      if (first->heap.empty() || first->heap.front().deadline > now) continue;  // somebody has taken it out
      timer& t = *first->heap.front().which;
      erase(*first, t);
      t.fire(t, out);
    }
    out.run_deferred();
    ++fired;
  }
}

std::size_t timers::size() noexcept {
  std::size_t n = 0;
  for (auto& s : shards_) {
    spin_guard g(s->mutex);
    n += s->heap.size();
  }
  return n;
}

std::size_t timers::bytes() noexcept {
  std::size_t n = 0;
  for (auto& s : shards_) {
    spin_guard g(s->mutex);
    n += s->heap.capacity() * sizeof(entry);
  }
  return n;
}

time_point timers::earliest() noexcept {
  time_point first = time_point::max();
  for (auto& s : shards_) {
    spin_guard g(s->mutex);
    if (!s->heap.empty()) first = std::min(first, s->heap.front().deadline);
  }
  return first;
}

time_point virtual_now() noexcept { return reactor_of(*this_worker->sched).clock().now(); }

time_point deadline_after_seconds(double seconds, time_point now) {
  if (std::isnan(seconds)) throw std::invalid_argument("a delay of NaN seconds");
  if (seconds >= 1e9) return time_point::max();  // 31 years: never
  if (seconds <= 0) return now;
  return now + std::chrono::duration_cast<time_point::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace jay::detail
