// SPDX-License-Identifier: MIT
#include "memory.hpp"

#include <utility>

namespace model {

void memory::reset() {
  count_ = 0;
  fence_count_ = 0;
  sequence_ = 0;
}

int memory::add(std::uint64_t value, const memory_view* maker) {
  if (static_cast<std::size_t>(count_) == locations_.size()) locations_.emplace_back();
  location& l = locations_[static_cast<std::size_t>(count_)];
  l.history.clear();
  l.history.emplace_back();
  l.history.back().value = value;
  l.accessed_at = {};
  l.name = nullptr;
  l.sc_floor = l.futex_floor = 0;
  l.made_by = maker ? maker->thread : -1;
  l.made_at = maker ? maker->time() : 0;
  l.destroyed = false;
  return count_++;
}

int memory::floor(const location& l, int id, const memory_view& v) const {
  int low = 0;
  if (v.now.fence >= 0) {
    const auto& floors = fence_floors_[static_cast<std::size_t>(v.now.fence)];
    if (static_cast<std::size_t>(id) < floors.size()) low = floors[static_cast<std::size_t>(id)];
  }
  for (int i = l.newest(); i > low; --i) {
    const store_record& s = l.history[static_cast<std::size_t>(i)];
    if (s.sequence <= v.fresh || v.now.covers(s.thread, s.time) || v.now.covers_any(s.seen_at)) return i;
  }
  return low;
}

void memory::note_read(location& l, int index, memory_view& v, std::memory_order o) {
  store_record& s = l.history[static_cast<std::size_t>(index)];
  auto& seen = s.seen_at[static_cast<std::size_t>(v.thread)];
  if (seen == 0) seen = v.time();
  v.unacquired.join(s.released);
  if (acquires(o)) v.now.join(s.released);
  if (o == std::memory_order_seq_cst) l.sc_floor = std::max(l.sc_floor, index);
}

void memory::put(location& l, int id, int index, std::uint64_t value, memory_view& v, std::memory_order o,
                 bool chained) {
  store_record s;
  s.value = value;
  s.sequence = ++sequence_;
  s.released = releases(o) ? v.now : v.released;
  if (chained) s.released.join(l.history[static_cast<std::size_t>(index) - 1].released);
  s.thread = v.thread;
  s.time = v.time();
  s.seen_at[static_cast<std::size_t>(v.thread)] = s.time;
  s.chained = chained;
  if (index > l.newest()) {
    l.history.push_back(s);
  } else {
    l.history.insert(l.history.begin() + index, s);
    auto shift = [index](int& i) {
      if (i >= index) ++i;
    };
    shift(l.sc_floor);
    shift(l.futex_floor);
    for (int f = 0; f < fence_count_; ++f) {
      auto& floors = fence_floors_[static_cast<std::size_t>(f)];
      if (static_cast<std::size_t>(id) < floors.size()) shift(floors[static_cast<std::size_t>(id)]);
    }
  }
  if (o == std::memory_order_seq_cst) l.sc_floor = std::max(l.sc_floor, index);
  v.tick();  // what the thread does next is not part of what it has just released
}

void memory::fence(memory_view& v, std::memory_order o) {
  if (acquires(o)) v.now.join(v.unacquired);
  if (o == std::memory_order_seq_cst) {
    if (static_cast<std::size_t>(fence_count_) == fence_floors_.size()) fence_floors_.emplace_back();
    auto& floors = fence_floors_[static_cast<std::size_t>(fence_count_)];
    floors.resize(static_cast<std::size_t>(count_));
    std::uint64_t fresh = std::exchange(v.fresh, 0);  // a fairness rule of the checker, not knowledge of the thread
    for (int id = 0; id < count_; ++id) {
      location& l = at(id);
      l.sc_floor = std::max(l.sc_floor, floor(l, id, v));
      floors[static_cast<std::size_t>(id)] = l.sc_floor;
    }
    v.fresh = fresh;
    v.now.fence = fence_count_++;
  }
  if (releases(o)) v.released = v.now;
  v.tick();
}

}  // namespace model
