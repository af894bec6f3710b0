// SPDX-License-Identifier: MIT
// Where coroutine frames and task states come from: free lists per worker and size class (32-byte steps), no atomics.
// A worker has two lists of a class: the one in use, and a full batch in reserve. A second full batch (frames freed here
// that were allocated elsewhere) goes to the depot of all workers, where one that runs out looks first. Batches change
// hands whole: nobody walks along a list of blocks that have left the cache. Threads that are no workers take from the
// depot and give to it, block by block. New blocks are cut from slabs (src/core/slabs.hpp).
//
// What is not needed goes back to the system. A worker that has slept for `frame_rest` gives its lists to the depot. What
// has stood in the depot for that long without being wanted, above `scheduler.frames_kept`, goes home to its slabs, a little
// at a time, and each page whose blocks are all at home to the kernel. When the last scheduler ends, all goes that is not
// in use. On the way of a frame nothing is counted for this.
//
// Under AddressSanitizer blocks are malloc's, so that it sees every misuse.
#pragma once

#include <chrono>
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

/// A block of class c has c * frame_step bytes, and is aligned to frame_step.
inline constexpr std::size_t frame_step = 32;
inline constexpr std::size_t frame_classes = 33;  // up to 1024 bytes; larger ones are malloc's
constexpr std::size_t frame_class(std::size_t bytes) noexcept { return (bytes + frame_step - 1) / frame_step; }

struct free_block {
  free_block* next;
  // of the first block of a batch:
  free_block* next_batch;
  std::size_t count;
};
static_assert(sizeof(free_block) <= frame_step, "a block of the smallest class can stand in a list");

struct JAY_API frame_cache {
  free_block* list[frame_classes] = {};
  std::uint32_t count[frame_classes] = {};
  std::uint32_t batch = 128;  // blocks
  free_block* reserve[frame_classes] = {};

  ~frame_cache() { give_up(); }
  [[gnu::noinline]] void* refill(std::size_t cls);
  [[gnu::noinline]] void spill(std::size_t cls) noexcept;
  /// All of it goes to the depot.
  void give_up() noexcept;
};

inline constexpr std::chrono::seconds frame_rest{1};

/// What all workers share.
class JAY_API frame_depot {
 public:
  /// A scheduler has begun, and so much may stay in the depot. The process has one: the last to begin sets it.
  static void begin(std::size_t kept_bytes) noexcept;
  /// A scheduler has ended: if it was the last, all that is free goes back.
  static void end() noexcept;

  /// Around fork(): no thread of the parent is inside the depot while it is copied. A lock that one had would be held for
  /// ever in the child, which has not that thread, and what it guards would be half changed. What stood in the lists of the
  /// parent's workers is lost to the child.
  static void before_fork() noexcept;
  static void after_fork(bool in_child) noexcept;

  /// Is there more than may stay? A hint.
  static bool over() noexcept;
  /// Gives back a little of what nobody has wanted for `frame_rest`, in some 100 us; false: nothing more can go now.
  static bool give_back() noexcept;

  static std::size_t bytes() noexcept;  // in the depot
};

/// A block of any class; throws std::bad_alloc.
JAY_API void* block_allocate(std::size_t cls);
JAY_API void block_free(void* p, std::size_t cls) noexcept;

}  // namespace jay::detail
