// SPDX-License-Identifier: MIT
#include "fiber.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

#if defined(__x86_64__)
extern "C" void model_fiber_switch(void** save, void* load);
asm(R"(.text
.globl model_fiber_switch
.type model_fiber_switch, @function
model_fiber_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size model_fiber_switch, .-model_fiber_switch
)");
#endif

namespace model {

namespace {
constexpr std::size_t guard_bytes = 4096;
}

fiber::~fiber() {
  if (stack_) munmap(stack_, stack_bytes);
}

void fiber::prepare(void (*entry)()) {
  if (!stack_) {
    void* p = mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p, guard_bytes, PROT_NONE) != 0) {
      std::perror("model: cannot map a fiber's stack");
      std::abort();
    }
    stack_ = static_cast<char*>(p);
  }
#if defined(__x86_64__)
  // At `entry` the stack must look as after a call: 16-byte aligned below a return address (null: nobody to return to).
  auto** p = reinterpret_cast<void**>((reinterpret_cast<std::uintptr_t>(stack_) + stack_bytes) & ~std::uintptr_t{15});
  *--p = nullptr;
  *--p = reinterpret_cast<void*>(entry);
  for (int i = 0; i < 6; ++i) *--p = nullptr;
  top_ = p;
#else
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = stack_bytes;
  context_.uc_link = nullptr;
  makecontext(&context_, entry, 0);
#endif
}

void fiber::switch_to(fiber& from, fiber& to) {
#if defined(__x86_64__)
  model_fiber_switch(&from.top_, to.top_);
#else
  swapcontext(&from.context_, &to.context_);
#endif
}

}  // namespace model
