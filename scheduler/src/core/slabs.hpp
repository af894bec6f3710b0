// SPDX-License-Identifier: MIT
// Where the blocks of frame_pool come from: pages of our own, which can be given back one by one. malloc's cannot: each
// thread fills an arena of its own, and one block that is in use keeps everything below it.
//
// An area is 2 MiB, aligned, so that a block knows its area by its address. The area's first slab holds what is to be known
// of the 31 others. A slab has blocks of one class, and a bit for each: set while the block is at home. A block at home is
// in no list, so its page may go: a page whose blocks are all at home is given back to the kernel, a slab whose blocks are
// all at home to its area, an area without slabs to the kernel.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <jay/detail/assert.hpp>
#include <jay/detail/frame_pool.hpp>
#include <jay/detail/spin_mutex.hpp>

namespace jay::detail {

inline constexpr std::size_t page_bytes = 4096;  // a larger page is never whole here, so it is kept
inline constexpr std::size_t slab_bytes = 64 * 1024;
inline constexpr std::size_t area_bytes = 2 * 1024 * 1024;
inline constexpr std::size_t slabs_of_an_area = area_bytes / slab_bytes;

/// Guarded by the lock of its class.
struct slab {
  static constexpr std::size_t most_blocks = slab_bytes / frame_step;

  slab* next;  // of its class, with a block at home
  slab* prev;
  slab* next_touched;  // blocks came home, and pages have not been looked at
  std::uint32_t cls;
  std::uint32_t blocks;
  std::uint32_t at_home;
  std::uint32_t look_from;  // a word of `home`: those before it are 0
  bool listed;
  bool touched;
  std::uint64_t home[most_blocks / 64];

  std::size_t block_bytes() const noexcept { return cls * frame_step; }
  char* memory() const noexcept;
  void begin(std::size_t c) noexcept;
  void* take() noexcept;
  void put(void* block) noexcept;
  /// Gives pages back whose blocks are all at home. Nobody takes from it meanwhile.
  void give_pages_back() noexcept;

 private:
  bool is_home(std::size_t i) const noexcept { return home[i / 64] >> (i % 64) & 1; }
};

struct area {
  struct links {
    area* next;
    area* prev;
  };
  links all;
  links usable;  // those with a free slab
  std::uint32_t free;      // a bit for each slab
  std::uint32_t resident;  // of the free ones, those whose pages were kept
  slab slabs[slabs_of_an_area];

  static area& of(const void* p) noexcept {
    return *reinterpret_cast<area*>(reinterpret_cast<std::uintptr_t>(p) & ~(area_bytes - 1));
  }
  static slab& slab_of(const void* block) noexcept {
    return of(block).slabs[(reinterpret_cast<std::uintptr_t>(block) & (area_bytes - 1)) / slab_bytes];
  }
  static constexpr std::uint32_t all_free = ~std::uint32_t{1};  // but the first
};
static_assert(sizeof(area) <= slab_bytes, "what is known of an area's slabs stands in its first slab");
static_assert(slabs_of_an_area == 32, "area::free has a bit for each slab");
static_assert(slab_bytes % page_bytes == 0);

inline char* slab::memory() const noexcept {
  area& a = area::of(this);
  return reinterpret_cast<char*>(&a) + static_cast<std::size_t>(this - a.slabs) * slab_bytes;
}

inline void slab::begin(std::size_t c) noexcept {
  cls = static_cast<std::uint32_t>(c);
  blocks = at_home = static_cast<std::uint32_t>(slab_bytes / block_bytes());
  look_from = 0;
  listed = touched = false;
  for (std::size_t i = 0; i < most_blocks / 64; ++i) {
    std::size_t left = blocks > 64 * i ? blocks - 64 * i : 0;
    home[i] = left >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
  }
}

inline void* slab::take() noexcept {
  JAY_DEBUG_ASSERT(at_home > 0);
  while (home[look_from] == 0) ++look_from;
  std::size_t i = 64 * look_from + static_cast<std::size_t>(std::countr_zero(home[look_from]));
  home[look_from] &= home[look_from] - 1;
  --at_home;
  return memory() + i * block_bytes();
}

inline void slab::put(void* block) noexcept {
  std::size_t i = static_cast<std::size_t>(static_cast<char*>(block) - memory()) / block_bytes();
  JAY_DEBUG_ASSERT(!is_home(i) && memory() + i * block_bytes() == block);
  home[i / 64] |= std::uint64_t{1} << (i % 64);
  look_from = std::min(look_from, static_cast<std::uint32_t>(i / 64));
  ++at_home;
}

inline void slab::give_pages_back() noexcept {
  char* base = memory();
  for (std::size_t i = 0; i < blocks;) {
    if (!is_home(i)) {
      ++i;
      continue;
    }
    std::size_t first = i;
    while (i < blocks && is_home(i)) ++i;
    std::size_t begin = (first * block_bytes() + page_bytes - 1) / page_bytes * page_bytes;
    std::size_t end = i == blocks ? slab_bytes : i * block_bytes() / page_bytes * page_bytes;
    if (begin < end) ::madvise(base + begin, end - begin, MADV_DONTNEED);
  }
}

/// All areas. The lock of a class may be held; this one is the inner one.
class areas {
 public:
  /// Null: there is no memory.
  slab* take(bool& was_resident) noexcept {
    spin_guard g(mutex_);
    if (!usable_ && !add()) return nullptr;
    area& a = *usable_;
    JAY_DEBUG_ASSERT(a.free != 0);
    unsigned i = static_cast<unsigned>(std::countr_zero(a.resident ? a.resident : a.free));
    const std::uint32_t bit = std::uint32_t{1} << i;
    was_resident = a.resident & bit;
    a.free &= ~bit;
    a.resident &= ~bit;
    if (a.free == 0) unlink(&area::usable, usable_, a);
    return &a.slabs[i];
  }
  /// The slab is nobody's, and its pages are given back, or kept.
  void put(slab& s, bool keep) noexcept {
    if (!keep) ::madvise(s.memory(), slab_bytes, MADV_DONTNEED);
    area& a = area::of(&s);
    spin_guard g(mutex_);
    if (a.free == 0) link(&area::usable, usable_, a);
    const std::uint32_t bit = std::uint32_t{1} << (&s - a.slabs);
    a.free |= bit;
    if (keep) a.resident |= bit;
    if (a.free == area::all_free && a.resident == 0) drop(a);
  }
  /// Gives back what was kept.
  void drop_resident() noexcept {
    spin_guard g(mutex_);
    for (area *a = usable_, *next; a; a = next) {
      next = a->usable.next;
      for (; a->resident; a->resident &= a->resident - 1)
        ::madvise(a->slabs[std::countr_zero(a->resident)].memory(), slab_bytes, MADV_DONTNEED);
      if (a->free == area::all_free) drop(*a);
    }
  }
  /// For fork: nobody else is inside meanwhile.
  void lock() noexcept { mutex_.lock(); }
  void unlock() noexcept { mutex_.unlock(); }
  /// Nobody uses any block.
  void drop_all() noexcept {
    spin_guard g(mutex_);
    usable_ = nullptr;
    while (all_) ::munmap(std::exchange(all_, all_->all.next), area_bytes);
  }

 private:
  void drop(area& a) noexcept {
    unlink(&area::usable, usable_, a);
    unlink(&area::all, all_, a);
    ::munmap(&a, area_bytes);
  }
  bool add() noexcept {
    void* p = ::mmap(nullptr, 2 * area_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return false;
    auto begin = reinterpret_cast<std::uintptr_t>(p);
    std::uintptr_t at = (begin + area_bytes - 1) & ~(area_bytes - 1);
    if (at != begin) ::munmap(p, at - begin);
    ::munmap(reinterpret_cast<void*>(at + area_bytes), begin + area_bytes - at);
    auto* a = reinterpret_cast<area*>(at);  // zeros
    a->free = area::all_free;
    link(&area::all, all_, *a);
    link(&area::usable, usable_, *a);
    return true;
  }
  static void link(area::links area::*l, area*& first, area& a) noexcept {
    (a.*l).prev = nullptr;
    (a.*l).next = first;
    if (first) (first->*l).prev = &a;
    first = &a;
  }
  static void unlink(area::links area::*l, area*& first, area& a) noexcept {
    auto [next, prev] = a.*l;
    (prev ? (prev->*l).next : first) = next;
    if (next) (next->*l).prev = prev;
  }

  spin_mutex mutex_;  // guards what follows, and the links
  area* all_ = nullptr;
  area* usable_ = nullptr;
};

}  // namespace jay::detail
