#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# g++ and clang do not agree on who widens a one-byte argument, so a clang library misreads a g++ caller.
#
# Guess: both compilers follow the Itanium C++ ABI and the x86-64 psABI, so their objects can be mixed freely.
# Seen: a value of `enum class mode : unsigned char` goes into a 32-bit register. g++ leaves what stands above the low
#   byte as it was; clang's callee takes for granted that the caller has cleared it, and compares all 32 bits. A function
#   that clang compiled sees 257 where g++ passed 1, and `m == mode::put` is false. The other three pairs agree. The psABI
#   says nothing about the upper bits, so neither is wrong. With -O0 nothing is seen.
#   What helps: take int or unsigned in functions that a library exports.
# With: g++ 12, clang 19, x86-64
# Source: https://github.com/libffi/libffi/issues/29, https://github.com/hjl-tools/x86-psABI/issues/2,
#   https://github.com/llvm/llvm-project/issues/82598
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

g++-12 --version | sed -n 1p
clang++-19 --version | sed -n 1p

cat >callee.cpp <<'CPP'
enum class mode : unsigned char { get, put };
int number(mode m) { return static_cast<int>(m); }
bool is_put(mode m) { return m == mode::put; }
CPP
cat >caller.cpp <<'CPP'
#include <cstdio>
enum class mode : unsigned char { get, put };
int number(mode);
bool is_put(mode);
// The conversion to one byte is defined: modulo 256. noinline: the argument has to arrive in a register.
__attribute__((noinline)) int ask_number(unsigned flags) { return number(static_cast<mode>(flags)); }
__attribute__((noinline)) int ask_put(unsigned flags) { return is_put(static_cast<mode>(flags)); }
int main(int argc, char**) {
  const unsigned flags = 0x100U * static_cast<unsigned>(argc) + 1;  // 257: its low byte is mode::put
  std::printf("%d %d\n", ask_number(flags), ask_put(flags));
}
CPP

declare -A seen
for caller in g++-12 clang++-19; do
  for callee in g++-12 clang++-19; do
    "$caller" -std=c++20 -O2 -c caller.cpp -o caller.o
    "$callee" -std=c++20 -O2 -c callee.cpp -o callee.o
    g++-12 caller.o callee.o -o program
    seen[$caller,$callee]=$(./program)
    echo "caller $caller, callee $callee: number and is_put are ${seen[$caller,$callee]}"
  done
done
[[ ${seen[g++-12,clang++-19]} == "257 0" ]]
[[ ${seen[g++-12,g++-12]} == "1 1" && ${seen[clang++-19,g++-12]} == "1 1" && ${seen[clang++-19,clang++-19]} == "1 1" ]]
echo "as described"
