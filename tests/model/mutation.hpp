// SPDX-License-Identifier: MIT
// Mutants of the code under test, made by the checker at the operation's place in the source: a memory order weakened by
// one step, an operation left out, a compare-and-swap that does not compare. Each must make some model fail; one that
// does not means that the order is not needed or that the models are too weak.
#pragma once
#include <atomic>
#include <cstdint>
#include <source_location>
#include <string>
#include <vector>

namespace model {

using place = std::source_location;  // where an operation stands in the source

enum class op : std::uint8_t {
  load,
  store,
  exchange,
  fetch,
  compare_exchange,
  fence,
  light_fence,
  heavy_fence,
  futex_wait,
  futex_wake,
  assign
};
const char* name_of(op kind);
const char* name_of(std::memory_order order);

struct mutant {
  enum class change : std::uint8_t { none, order, failure_order, drop, blind };
  std::string path;
  unsigned line = 0;
  unsigned column = 0;
  op kind{};
  change what = change::none;
  std::memory_order from{};
  std::memory_order to{};

  std::string text() const;     // "deque.hpp:88:13 store release -> relaxed"
  std::string source() const;   // the line of the source, trimmed; empty if it cannot be read
  std::string context() const;  // the line before it, " / ", the line
  bool operator==(const mutant&) const = default;
};

// The distinct operations seen during explorations, and the mutants that can be made of them.
class operation_log {
 public:
  void note(op kind, std::memory_order order, std::memory_order failure_order, const place& where);
  // Those in the file of this name.
  std::vector<mutant> mutants(const std::string& file_name) const;

 private:
  struct entry {
    std::string path;
    unsigned line;
    unsigned column;
    op kind;
    std::memory_order order;
    std::memory_order failure_order;
    bool operator==(const entry&) const = default;
  };
  std::vector<entry> entries_;
};

bool same_place(const mutant& m, const place& where);

}  // namespace model
