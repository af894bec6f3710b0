// SPDX-License-Identifier: MIT
// Where coroutine frames and task states come from: one free list per worker and size class (64-byte steps), no atomics.
// Every block is a malloc block of its class's size, so a block may be freed anywhere: on a worker it goes to that
// worker's list, elsewhere back to malloc. A list that grows beyond its limit (frames freed here that were allocated
// elsewhere) hands half of itself to the depot of all workers, where a worker that runs out looks before it calls
// malloc; the depot is bounded too. Under AddressSanitizer blocks go straight to malloc, so that it sees every misuse.
#pragma once

#include <cstddef>
#include <cstdint>

#include <jay/detail/export.hpp>

#if defined(__SANITIZE_ADDRESS__)
#define JAY_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define JAY_ASAN 1
#endif
#endif

namespace jay::detail {

inline constexpr std::size_t frame_step = 64;
inline constexpr std::size_t frame_classes = 17;  // up to 1024 bytes; larger ones are malloc's

struct free_block {
  free_block* next;
};

struct JAY_API frame_cache {
  free_block* list[frame_classes] = {};
  std::uint32_t count[frame_classes] = {};
  std::uint32_t limit = 256;  // blocks per class

  ~frame_cache();
  [[gnu::noinline]] void* refill(std::size_t cls);
  [[gnu::noinline]] void spill(std::size_t cls) noexcept;
};

/// Blocks now in the depot (tests, metrics).
JAY_API std::size_t depot_size() noexcept;

/// malloc of a class's size; throws std::bad_alloc.
JAY_API void* block_allocate(std::size_t cls);
JAY_API void block_free(void* p) noexcept;

}  // namespace jay::detail
