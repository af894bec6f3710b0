// SPDX-License-Identifier: MIT
#include <jay/detail/frame_pool.hpp>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include <jay/detail/assert.hpp>
#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/sync.hpp>
#include <jay/detail/worker.hpp>

#include "now_ns.hpp"
#include "slabs.hpp"

namespace jay::detail {
namespace {

constexpr std::memory_order relaxed = std::memory_order_relaxed;

/// Free blocks of all classes that are in no worker's list, and what is counted about them.
class depot {
 public:
  void put(std::size_t cls, free_block* chain) noexcept {
    shelf& s = shelves_[cls];
    spin_guard g(s.mutex);
    add_batch(s, chain);
  }
  free_block* take(std::size_t cls) noexcept {
    shelf& s = shelves_[cls];
    spin_guard g(s.mutex);
    return take_batch(s);
  }
  /// New blocks, as many as begin in a page, so that no page is touched that is not needed. Null: there is no memory.
  free_block* cut(std::size_t cls) noexcept {
    shelf& s = shelves_[cls];
    spin_guard g(s.mutex);
    free_block* chain = nullptr;
    std::size_t n = 0;
    for (std::size_t most = std::max<std::size_t>(page_bytes / (cls * frame_step), 1); n < most; ++n) {
      auto* b = static_cast<free_block*>(take_new(s, cls));
      if (!b) break;
      b->next = chain;
      chain = b;
    }
    if (chain) chain->count = n;
    return chain;
  }

  /// For threads that are no workers. Null: there is no memory.
  void* take_one(std::size_t cls) noexcept {
    shelf& s = shelves_[cls];
    spin_guard g(s.mutex);
    if (!s.loose && (s.loose = take_batch(s))) s.loose_count = s.loose->count;
    if (!s.loose) return take_new(s, cls);
    --s.loose_count;
    return std::exchange(s.loose, s.loose->next);
  }
  void put_one(void* p, std::size_t cls) noexcept {
    shelf& s = shelves_[cls];
    auto* b = static_cast<free_block*>(p);
    spin_guard g(s.mutex);
    b->next = s.loose;
    s.loose = b;
    if (++s.loose_count < most_loose) return;
    b->count = std::exchange(s.loose_count, 0);
    add_batch(s, std::exchange(s.loose, nullptr));
  }

  /// There is something to give back. What a round has brought home is not counted any more, and its pages still have to go.
  bool over() const noexcept { return too_much() || due_.load(relaxed); }
  std::size_t bytes() const noexcept { return bytes_.load(relaxed); }

  void begin(std::size_t kept) noexcept {
    kept_.store(kept, relaxed);
    schedulers_.fetch_add(1, relaxed);
  }
  void end() noexcept {
    if (schedulers_.fetch_sub(1, relaxed) != 1 || !releasing_.try_lock()) return;
    if (!drop_all()) {
      areas_.drop_resident();
      bytes_.fetch_sub(resident_.exchange(0, relaxed), relaxed);
      for (std::size_t cls = 1; cls < frame_classes; ++cls) {
        while (bring_home(cls)) {
        }
        bring_loose_home(cls);
        while (give_pages_back(cls, 0)) {
        }
      }
    }
    releasing_.unlock();
  }

  // The order is that of everybody who takes several: releasing_, the classes upwards, the areas.
  void lock_all() noexcept {
    releasing_.lock();
    for (std::size_t cls = 1; cls < frame_classes; ++cls) shelves_[cls].mutex.lock();
    areas_.lock();
  }
  void unlock_all() noexcept {
    areas_.unlock();
    for (std::size_t cls = 1; cls < frame_classes; ++cls) shelves_[cls].mutex.unlock();
    releasing_.unlock();
  }
  void forget_schedulers() noexcept { schedulers_.store(0, relaxed); }

  bool give_back() noexcept {
    if (!releasing_.try_lock()) return false;  // another thread is at it
    bool more = due_.load(relaxed) || begin_round();
    for (int i = 0; more && i < batches_at_once; ++i) more = go_on();
    releasing_.unlock();
    return more;
  }

 private:
  struct alignas(64) shelf {
    spin_mutex mutex;  // guards what follows
    free_block* batches = nullptr;
    std::size_t count = 0;    // of batches
    std::size_t unwanted = 0;  // the least that there were since the round began
    std::size_t blocks = 0;   // in batches
    free_block* loose = nullptr;
    std::size_t loose_count = 0;
    slab* slabs = nullptr;    // that have a block at home
    std::size_t away = 0;     // blocks that are not at home
    // by whoever has releasing_:
    slab* touched = nullptr;
    std::size_t due = 0;  // batches that nobody has wanted in the last round
  };
  static constexpr std::size_t most_loose = 128;
  static constexpr int batches_at_once = 16;

  // ---- a class's lock is held ----

  void add_batch(shelf& s, free_block* chain) noexcept {
    JAY_DEBUG_ASSERT(s.mutex.is_locked());
    chain->next_batch = s.batches;
    s.batches = chain;
    ++s.count;
    s.blocks += chain->count;
    bytes_.fetch_add(chain->count * bytes_of(s), relaxed);
  }
  free_block* take_batch(shelf& s) noexcept {
    JAY_DEBUG_ASSERT(s.mutex.is_locked());
    free_block* chain = s.batches;
    if (!chain) return nullptr;
    s.batches = chain->next_batch;
    s.unwanted = std::min(s.unwanted, --s.count);
    s.blocks -= chain->count;
    bytes_.fetch_sub(chain->count * bytes_of(s), relaxed);
    return chain;
  }
  void* take_new(shelf& s, std::size_t cls) noexcept {
    JAY_DEBUG_ASSERT(s.mutex.is_locked());
    if (!s.slabs) {
      bool was_resident = false;
      slab* fresh = areas_.take(was_resident);
      if (!fresh) return nullptr;
      if (was_resident) {
        resident_.fetch_sub(slab_bytes, relaxed);
        bytes_.fetch_sub(slab_bytes, relaxed);
      }
      fresh->begin(cls);
      list(s, *fresh);
    }
    slab& from = *s.slabs;
    void* b = from.take();
    ++s.away;
    if (from.at_home == 0) unlist(s, from);
    return b;
  }
  static void list(shelf& s, slab& b) noexcept {
    JAY_DEBUG_ASSERT(s.mutex.is_locked());
    b.listed = true;
    b.prev = nullptr;
    b.next = s.slabs;
    if (s.slabs) s.slabs->prev = &b;
    s.slabs = &b;
  }
  static void unlist(shelf& s, slab& b) noexcept {
    JAY_DEBUG_ASSERT(s.mutex.is_locked());
    b.listed = false;
    (b.prev ? b.prev->next : s.slabs) = b.next;
    if (b.next) b.next->prev = b.prev;
  }
  static void home(shelf& s, free_block* chain) noexcept {
    JAY_DEBUG_ASSERT(s.mutex.is_locked());
    while (chain) {
      free_block* b = std::exchange(chain, chain->next);
      slab& to = area::slab_of(b);
      to.put(b);
      --s.away;
      if (!to.listed) list(s, to);
      if (std::exchange(to.touched, true)) continue;
      to.next_touched = s.touched;
      s.touched = &to;
    }
  }
  bool too_much() const noexcept { return bytes_.load(relaxed) > kept_.load(relaxed); }
  std::size_t bytes_of(const shelf& s) const noexcept { return static_cast<std::size_t>(&s - shelves_) * frame_step; }

  // ---- releasing_ is held ----

  /// False: the last one began less than a rest ago, or there is nothing to give back.
  bool begin_round() noexcept {
    JAY_DEBUG_ASSERT(releasing_.is_locked());
    std::int64_t now = now_ns();
    if (now < next_round_) return false;
    next_round_ = now + std::chrono::nanoseconds(frame_rest).count();
    std::size_t sum = 0;
    for (std::size_t cls = 1; cls < frame_classes; ++cls) {
      shelf& s = shelves_[cls];
      spin_guard g(s.mutex);
      s.due = s.unwanted;
      s.unwanted = s.count;
      sum += s.due;
    }
    const bool due = sum > 0 && too_much();
    due_.store(due, relaxed);
    return due;
  }
  bool go_on() noexcept {
    JAY_DEBUG_ASSERT(releasing_.is_locked());
    for (; at_ < frame_classes; ++at_) {
      shelf& s = shelves_[at_];
      if (s.due > 0) {
        --s.due;
        if (bring_home(at_)) return true;
      }
      s.due = 0;
      bring_loose_home(at_);
      if (give_pages_back(at_, kept_.load(relaxed))) return true;
    }
    at_ = 1;
    due_.store(false, relaxed);
    return false;
  }
  bool bring_home(std::size_t cls) noexcept {
    shelf& s = shelves_[cls];
    spin_guard g(s.mutex);
    free_block* chain = take_batch(s);
    home(s, chain);
    return chain;
  }
  void bring_loose_home(std::size_t cls) noexcept {
    shelf& s = shelves_[cls];
    spin_guard g(s.mutex);
    s.loose_count = 0;
    home(s, std::exchange(s.loose, nullptr));
  }
  /// Of one slab; false: there was none. Taken off the list, so that nobody takes a block from it meanwhile. Whole slabs are
  /// kept, up to `kept` bytes. (Blocks that are kept would lie anywhere, and keep a page each.)
  bool give_pages_back(std::size_t cls, std::size_t kept) noexcept {
    JAY_DEBUG_ASSERT(releasing_.is_locked());
    shelf& s = shelves_[cls];
    slab* b;
    {
      spin_guard g(s.mutex);
      b = s.touched;
      if (!b) return false;
      s.touched = b->next_touched;
      b->touched = false;
      if (!b->listed) return true;  // all its blocks were taken again
      unlist(s, *b);
    }
    if (b->at_home == b->blocks) {
      const bool keep = resident_.load(relaxed) + slab_bytes <= kept;
      if (keep) {  // counted before another thread can take it
        resident_.fetch_add(slab_bytes, relaxed);
        bytes_.fetch_add(slab_bytes, relaxed);
      }
      areas_.put(*b, keep);
      return true;
    }
    b->give_pages_back();
    spin_guard g(s.mutex);
    list(s, *b);
    return true;
  }
  /// If no block is in use, takes every slab away without a look at the blocks.
  bool drop_all() noexcept {
    JAY_DEBUG_ASSERT(releasing_.is_locked());
    bool unused = true;
    for (std::size_t cls = 1; cls < frame_classes; ++cls) {
      shelf& s = shelves_[cls];
      s.mutex.lock();
      unused = unused && s.away == s.blocks + s.loose_count;
    }
    if (unused) {
      areas_.drop_all();
      for (shelf& s : shelves_) {
        s.batches = s.loose = nullptr;
        s.slabs = s.touched = nullptr;
        s.count = s.unwanted = s.blocks = s.loose_count = s.away = s.due = 0;
      }
      bytes_.store(0, relaxed);
      resident_.store(0, relaxed);
      due_.store(false, relaxed);
      at_ = 1;
    }
    for (std::size_t cls = 1; cls < frame_classes; ++cls) shelves_[cls].mutex.unlock();
    return unused;
  }

  shelf shelves_[frame_classes];
  areas areas_;
  // relaxed: hints, and a count whose last step orders nothing, as everything is looked at under the shelves' locks
  atomic<std::size_t> bytes_{0};     // in batches and in free slabs that are kept
  atomic<std::size_t> resident_{0};  // of these, in slabs
  atomic<std::size_t> kept_{0};
  atomic<std::size_t> schedulers_{0};

  spin_mutex releasing_;  // one at a time; guards what follows
  atomic<bool> due_{false};  // a round is under way; relaxed: a hint without the lock
  std::size_t at_ = 1;    // and has come to this class
  std::int64_t next_round_ = 0;
};

/// Never destroyed: frames in static objects go after it.
depot& shared() noexcept {
  alignas(depot) static unsigned char memory[sizeof(depot)];
  static depot& d = *new (memory) depot;
  return d;
}

}  // namespace

#if JAY_ASAN
void* block_allocate(std::size_t cls) {
  void* p = std::malloc(cls * frame_step);
  if (!p) throw std::bad_alloc();
  return p;
}
void block_free(void* p, std::size_t) noexcept { std::free(p); }
#else
void* block_allocate(std::size_t cls) {
  void* p = cls < frame_classes ? shared().take_one(cls) : std::malloc(cls * frame_step);
  if (!p) throw std::bad_alloc();
  return p;
}
void block_free(void* p, std::size_t cls) noexcept { cls < frame_classes ? shared().put_one(p, cls) : std::free(p); }
#endif

void* frame_cache::refill(std::size_t cls) {
  JAY_DEBUG_ASSERT(this == &this_worker->frames);
  JAY_DEBUG_ASSERT(!list[cls] && count[cls] == 0);
  free_block* chain = std::exchange(reserve[cls], nullptr);
  if (!chain) chain = shared().take(cls);
  if (!chain) chain = shared().cut(cls);
  if (!chain) throw std::bad_alloc();
  list[cls] = chain->next;
  count[cls] = static_cast<std::uint32_t>(chain->count - 1);
  return chain;
}

void frame_cache::spill(std::size_t cls) noexcept {
  JAY_DEBUG_ASSERT(this == &this_worker->frames);
  free_block* chain = std::exchange(list[cls], nullptr);
  chain->count = std::exchange(count[cls], 0);
  free_block* over = std::exchange(reserve[cls], chain);
  if (over) shared().put(cls, over);
}

void frame_cache::give_up() noexcept {
  for (std::size_t cls = 1; cls < frame_classes; ++cls) {
    if (list[cls]) list[cls]->count = std::exchange(count[cls], 0);
    for (free_block* chain : {std::exchange(list[cls], nullptr), std::exchange(reserve[cls], nullptr)})
      if (chain) shared().put(cls, chain);
  }
}

void frame_depot::begin(std::size_t kept_bytes) noexcept { shared().begin(kept_bytes); }
void frame_depot::end() noexcept { shared().end(); }
void frame_depot::before_fork() noexcept { shared().lock_all(); }
void frame_depot::after_fork(bool in_child) noexcept {
  if (in_child) shared().forget_schedulers();
  shared().unlock_all();
}
bool frame_depot::over() noexcept { return shared().over(); }
bool frame_depot::give_back() noexcept { return shared().give_back(); }
std::size_t frame_depot::bytes() noexcept { return shared().bytes(); }

}  // namespace jay::detail
