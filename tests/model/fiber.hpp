// SPDX-License-Identifier: MIT
// Stackful fibers on one OS thread: the model's threads. Switching saves the callee-saved registers only.
#pragma once
#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace model {

class fiber {
 public:
  fiber() = default;
  ~fiber();
  fiber(const fiber&) = delete;
  fiber& operator=(const fiber&) = delete;

  // Makes the next switch to this fiber call `entry`, which must never return. What ran on the stack before is dropped.
  void prepare(void (*entry)());
  // Suspends the running code into `from` and continues `to`. A default-made fiber serves as `from` for the OS thread.
  static void switch_to(fiber& from, fiber& to);

 private:
  static constexpr std::size_t stack_bytes = 256 * 1024;
  char* stack_ = nullptr;  // mapped on the first prepare, with a guard page below, and kept
#if defined(__x86_64__)
  void* top_ = nullptr;  // stack pointer while suspended
#else
  ucontext_t context_{};
#endif
};

}  // namespace model
