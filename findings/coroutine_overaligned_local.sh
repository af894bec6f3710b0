#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# alignas(64) on a local variable of a coroutine is silently not kept, and no operator new can help.
#
# Guess: alignas is a promise. Where the frame comes from operator new, C++17's aligned form is called for a type that
#   wants more than the default; a promise type that offers operator new(size_t, align_val_t) gets the alignment.
# Seen: the frame is asked for by its size alone, the aligned overload that stands beside it is never called, and the
#   address of the variable is only as good as the block's: 16 modulo 64 here. g++ 12 and clang 19 do the same, without a
#   warning. The standard wants it so: the allocation of a coroutine's state passes no alignment. Only with clang's own
#   -fcoro-aligned-allocation does the aligned overload get called, and the variable is aligned.
# With: g++ 12, clang 19, C++20
# Source: https://github.com/cplusplus/papers/issues/750 (P2014), https://github.com/llvm/llvm-project/issues/56671
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

g++-12 --version | sed -n 1p
clang++-19 --version | sed -n 1p

cat >program.cpp <<'CPP'
#include <coroutine>
#include <cstdint>
#include <cstdio>
#include <new>
alignas(64) unsigned char pool[4096];
struct task {
  struct promise_type {
    // What malloc may give as well: a multiple of 16 that is none of 64.
    static void* operator new(std::size_t) { std::printf("new(size)"); return pool + 16; }
    static void* operator new(std::size_t, std::align_val_t a) {
      std::printf("new(size, %zu)", static_cast<std::size_t>(a));
      return pool;
    }
    static void operator delete(void*) {}
    static void operator delete(void*, std::align_val_t) {}
    task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};
struct alignas(64) block { int words[16]; };
std::uintptr_t seen;
__attribute__((noinline)) void look(block* b) { seen = reinterpret_cast<std::uintptr_t>(b); }
__attribute__((noinline)) task make() {
  block b{};
  look(&b);
  co_await std::suspend_always{};
  look(&b);  // b lives across the suspension: it has to stand in the frame
}
int main() {
  auto t = make();
  t.handle.resume();
  std::printf(" address modulo 64: %d\n", static_cast<int>(seen % 64));
  t.handle.resume();
  t.handle.destroy();
}
CPP

try() {
  "$@" -std=c++20 -O1 program.cpp -o program
  got=$(./program)
  echo "$*: $got"
}
try g++-12
[[ $got == "new(size) address modulo 64: 16" ]]
try clang++-19
[[ $got == "new(size) address modulo 64: 16" ]]
try clang++-19 -fcoro-aligned-allocation
[[ $got == "new(size, 64) address modulo 64: 0" ]]
echo "as described"
