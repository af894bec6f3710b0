// SPDX-License-Identifier: MIT
// What model atomics, vars and the seam call: the operations of the running execution. Outside an execution's threads
// (in set-up, in finally, or when nothing is being explored) `running()` is null and they act directly.
#pragma once
#include <atomic>
#include <cstdint>

#include "checker.hpp"
#include "memory.hpp"

namespace model::engine {

using update = std::uint64_t (*)(std::uint64_t old, std::uint64_t operand);

std::uint64_t current_execution();  // changes with each; 0: none
memory_view* running();             // of the thread that is running

int add_location(std::uint64_t initial);
void retire_location(int id);
std::uint64_t load(int id, std::memory_order o, const place& where);
void store(int id, std::uint64_t value, std::memory_order o, const place& where);
std::uint64_t fetch(int id, update f, std::uint64_t operand, std::memory_order o, op kind, const place& where);
bool compare_exchange(int id, std::uint64_t& expected, std::uint64_t desired, std::memory_order o,
                      std::memory_order failure, bool weak, const place& where);
void fence(std::memory_order o, const place& where);
void light_fence(const place& where);
void heavy_fence(const place& where);
bool futex_wait(int id, std::uint64_t expected, bool timed, const place& where);  // false: timed out
void futex_wake(int id, int count, const place& where);
bool assignment_left_out(const place& where);  // of a plain variable, by a mutant
void yield();                                  // the thread has nothing to do until another one stores something

}  // namespace model::engine
