// SPDX-License-Identifier: MIT
#include <jay/detail/queue_items.hpp>

#include <jay/detail/worker.hpp>

namespace jay::detail {

cell_list::~cell_list() {
  for (block* b = first_; b;) frame_free(std::exchange(b, b->next), sizeof(block));
  if (spare_) frame_free(spare_, sizeof(block));
}

cell_list::block* cell_list::make_block() {
  return spare_ ? std::exchange(spare_, nullptr) : static_cast<block*>(frame_allocate(sizeof(block)));
}
void cell_list::keep(block* b) noexcept {
  if (!spare_) spare_ = b;
  else frame_free(b, sizeof(block));
}

void cell_list::add_last() {
  block* b = make_block();
  b->next = nullptr;
  b->previous = last_;
  (last_ ? last_->next : first_) = b;
  last_ = b;
  end_ = 0;
}
void cell_list::add_first() {
  block* b = make_block();
  b->previous = nullptr;
  b->next = first_;
  first_->previous = b;
  first_ = b;
  begin_ = cells_of_a_block;
}
void cell_list::drop_first() noexcept {
  block* b = std::exchange(first_, first_->next);
  first_->previous = nullptr;
  begin_ = 0;
  keep(b);
}
void cell_list::drop_last() noexcept {
  block* b = std::exchange(last_, last_->previous);
  last_->next = nullptr;
  end_ = cells_of_a_block;
  keep(b);
}

queue_cell cell_list::remove(std::size_t behind) noexcept {
  block* b = last_;
  std::uint32_t i = end_;
  queue_cell moved = 0;
  for (std::size_t k = 0; k <= behind; ++k) {
    if (i == 0) b = b->previous, i = cells_of_a_block;
    std::swap(moved, b->cells[--i]);
  }
  pop_back();
  return moved;
}

void cell_heap::push(queue_cell c) noexcept {
  auto* i = reinterpret_cast<heap_item*>(c);
  i->next = std::exchange(heaps_, i);
  ++size_;
}

// A pairing heap: heaps are melded two by two, in rounds, until one is left; its top is the smallest, its children are
// the heaps that remain. Melding costs one comparison, and a throw leaves a list of heaps as good as before. Rejected: a
// binary heap in a vector, which allocates under the lock, and loses or misplaces items when a comparison throws.
queue_cell cell_heap::pop_smallest(precedes p, const void* queue) {
  heap_item* last = heaps_;
  while (last->next) last = last->next;
  while (heaps_->next) {
    heap_item* a = heaps_;
    heap_item* b = a->next;
    bool swapped = p(queue, *b, *a);
    heap_item* rest = b->next;
    if (swapped) std::swap(a, b);
    b->next = std::exchange(a->child, b);
    a->next = nullptr;
    if (rest) {
      last->next = a;
      heaps_ = rest;
    } else {
      heaps_ = a;
    }
    last = a;
  }
  --size_;
  heap_item* top = heaps_;
  heaps_ = std::exchange(top->child, nullptr);
  return reinterpret_cast<queue_cell>(top);
}

bool cell_heap::remove(queue_cell c) noexcept {
  for (heap_item** i = &heaps_; *i; i = &(*i)->next) {
    if (*i != reinterpret_cast<heap_item*>(c)) continue;
    *i = (*i)->next;
    --size_;
    return true;
  }
  return false;
}

queue_cell cell_heap::pop_any() noexcept {
  --size_;
  heap_item* top = std::exchange(heaps_, heaps_->next);
  for (heap_item* child = std::exchange(top->child, nullptr); child;) {
    heap_item* next = child->next;
    child->next = std::exchange(heaps_, child);
    child = next;
  }
  return reinterpret_cast<queue_cell>(top);
}

}  // namespace jay::detail
