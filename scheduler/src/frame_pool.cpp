// SPDX-License-Identifier: MIT
#include <jay/detail/frame_pool.hpp>

#include <cstdlib>
#include <new>
#include <utility>

#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/sync.hpp>

namespace jay::detail {
namespace {

/// Batches of free blocks on their way between workers. Each batch is a chain; its first block's second word links the
/// batches of the class (a block has at least 64 bytes).
class depot {
 public:
  static constexpr std::size_t max_batches = 64;  // per class

  bool put(std::size_t cls, free_block* chain) noexcept {
    spin_guard g(mutex_);
    if (size_[cls] == max_batches) return false;
    link(chain) = head_[cls];
    head_[cls] = chain;
    ++size_[cls];
    return true;
  }
  free_block* take(std::size_t cls) noexcept {
    spin_guard g(mutex_);
    free_block* chain = head_[cls];
    if (!chain) return nullptr;
    head_[cls] = link(chain);
    --size_[cls];
    return chain;
  }
  std::size_t batches() noexcept {
    spin_guard g(mutex_);
    std::size_t n = 0;
    for (std::size_t s : size_) n += s;
    return n;
  }
  ~depot() {
    for (std::size_t cls = 0; cls < frame_classes; ++cls)
      while (free_block* chain = take(cls))
        while (chain) std::free(std::exchange(chain, chain->next));
  }

 private:
  static free_block*& link(free_block* b) noexcept { return *reinterpret_cast<free_block**>(b + 1); }

  spin_mutex mutex_;
  free_block* head_[frame_classes] = {};
  std::size_t size_[frame_classes] = {};
};

depot shared;

}  // namespace

void* block_allocate(std::size_t cls) {
  void* p = std::malloc(cls * frame_step);
  if (!p) throw std::bad_alloc();
  return p;
}
void block_free(void* p) noexcept { std::free(p); }

frame_cache::~frame_cache() {
  for (free_block* b : list)
    while (b) std::free(std::exchange(b, b->next));
}

void* frame_cache::refill(std::size_t cls) {
  free_block* chain = shared.take(cls);
  if (!chain) return block_allocate(cls);
  list[cls] = chain->next;
  for (free_block* b = chain->next; b; b = b->next) ++count[cls];
  return chain;
}

void frame_cache::spill(std::size_t cls) noexcept {
  std::uint32_t keep = limit / 2;
  free_block* last = list[cls];
  for (std::uint32_t i = 1; i < count[cls] - keep; ++i) last = last->next;
  free_block* chain = std::exchange(list[cls], last->next);
  last->next = nullptr;
  count[cls] = keep;
  if (!shared.put(cls, chain))
    while (chain) std::free(std::exchange(chain, chain->next));
}

std::size_t depot_size() noexcept { return shared.batches(); }

}  // namespace jay::detail
