// SPDX-License-Identifier: MIT
// Where coroutine frames and task states come from: free lists per worker and size class (32-byte steps), no atomics.
// Every block is a malloc block of its class's size, so a block may be freed anywhere: on a worker it goes to that
// worker's list, elsewhere back to malloc. A worker has two lists of a class: the one in use, and a full batch in reserve.
// A second full batch (frames freed here that were allocated elsewhere) goes to the depot of all workers, where one that
// runs out looks before it calls malloc; the depot is bounded too. Batches change hands whole: nobody walks along a list
// of blocks that have left the cache. Under AddressSanitizer blocks go straight to malloc, so that it sees every misuse.
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

// What a coroutine's frame is aligned to, in the file that defines the coroutine. A promise's operator new is not told
// what the frame wants, so where vectors are wider than malloc's 16 bytes every frame is aligned for them. Others set it:
// -DJAY_FRAME_ALIGNMENT=64.
#if !defined(JAY_FRAME_ALIGNMENT)
#if defined(__AVX512F__)
#define JAY_FRAME_ALIGNMENT 64
#elif defined(__AVX__)
#define JAY_FRAME_ALIGNMENT 32
#else
#define JAY_FRAME_ALIGNMENT 16
#endif
#endif

namespace jay::detail {

/// An object of this type, by value, may stand in a frame.
template <class T, std::size_t Alignment>
inline constexpr bool fits_a_frame = alignof(T) <= Alignment;
template <class T, std::size_t Alignment>
inline constexpr bool fits_a_frame<T&, Alignment> = true;
template <class T, std::size_t Alignment>
inline constexpr bool fits_a_frame<T&&, Alignment> = true;
template <std::size_t Alignment>
inline constexpr bool fits_a_frame<void, Alignment> = true;

/// A block of class c takes c * frame_step bytes with malloc's own word before it.
inline constexpr std::size_t frame_step = 32;
inline constexpr std::size_t malloc_head = 8;
inline constexpr std::size_t frame_classes = 33;  // up to 1024 bytes; larger ones are malloc's
constexpr std::size_t frame_class(std::size_t bytes) noexcept {
  return (bytes + malloc_head + frame_step - 1) / frame_step;
}

struct free_block {
  free_block* next;
  // of the first block of a batch:
  free_block* next_batch;
  std::size_t count;
};

struct JAY_API frame_cache {
  free_block* list[frame_classes] = {};
  std::uint32_t count[frame_classes] = {};
  std::uint32_t batch = 128;  // blocks
  free_block* reserve[frame_classes] = {};

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
