// SPDX-License-Identifier: MIT
#include <jay/detail/frame_pool.hpp>

#include <cstdlib>
#include <new>
#include <utility>

#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/sync.hpp>

namespace jay::detail {
namespace {

/// Batches of free blocks on their way between workers.
class depot {
 public:
  static constexpr std::size_t max_batches = 128;  // per class

  bool put(std::size_t cls, free_block* chain) noexcept {
    spin_guard g(mutex_);
    if (size_[cls] == max_batches) return false;
    chain->next_batch = head_[cls];
    head_[cls] = chain;
    ++size_[cls];
    return true;
  }
  free_block* take(std::size_t cls) noexcept {
    spin_guard g(mutex_);
    free_block* chain = head_[cls];
    if (!chain) return nullptr;
    head_[cls] = chain->next_batch;
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
  spin_mutex mutex_;
  free_block* head_[frame_classes] = {};
  std::size_t size_[frame_classes] = {};
};

depot shared;

}  // namespace

void* block_allocate(std::size_t cls) {
  void* p = std::malloc(cls * frame_step - malloc_head);
  if (!p) throw std::bad_alloc();
  return p;
}
void block_free(void* p) noexcept { std::free(p); }

frame_cache::~frame_cache() {
  for (auto* lists : {list, reserve})
    for (std::size_t cls = 0; cls < frame_classes; ++cls)
      for (free_block* b = lists[cls]; b;) std::free(std::exchange(b, b->next));
}

void* frame_cache::refill(std::size_t cls) {
  free_block* chain = std::exchange(reserve[cls], nullptr);
  if (!chain) chain = shared.take(cls);
  if (!chain) return block_allocate(cls);
  list[cls] = chain->next;
  count[cls] = static_cast<std::uint32_t>(chain->count - 1);
  return chain;
}

void frame_cache::spill(std::size_t cls) noexcept {
  free_block* chain = std::exchange(list[cls], nullptr);
  chain->count = std::exchange(count[cls], 0);
  free_block* over = std::exchange(reserve[cls], chain);
  if (over && !shared.put(cls, over))
    while (over) std::free(std::exchange(over, over->next));
}

std::size_t depot_size() noexcept { return shared.batches(); }

}  // namespace jay::detail
