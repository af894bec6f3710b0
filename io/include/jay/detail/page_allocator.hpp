// SPDX-License-Identifier: MIT
// For vectors that grow large and shrink again: large ones have pages of their own, which go back to the system when they
// are freed. malloc keeps what is freed, up to 64 MiB a thread.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace jay::detail {

template <class T>
struct page_allocator {
  using value_type = T;
  page_allocator() noexcept = default;
  template <class U>
  page_allocator(const page_allocator<U>&) noexcept {}

  T* allocate(std::size_t n) {
    if (n * sizeof(T) < large) return static_cast<T*>(::operator new(n * sizeof(T)));
    void* p = ::mmap(nullptr, n * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) throw std::bad_alloc();
    return static_cast<T*>(p);
  }
  void deallocate(T* p, std::size_t n) noexcept {
    if (n * sizeof(T) < large) ::operator delete(p);
    else ::munmap(p, n * sizeof(T));
  }
  bool operator==(const page_allocator&) const noexcept { return true; }

 private:
  static constexpr std::size_t large = 64 * 1024;
  static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
};

}  // namespace jay::detail
