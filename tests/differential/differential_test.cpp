// SPDX-License-Identifier: MIT
// The same random programs in CPython and in jay, in asyncio's order: what happens, and in which order, is the same.
//
//   JAY_SEED=7 JAY_PROGRAMS=10000 ./jay_differential_tests     other programs, more of them
#include <gtest/gtest.h>

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>

#include "tests/differential/beside.hpp"
#include "tests/differential/interpreter.hpp"
#include "tests/support/scratch_directory.hpp"

namespace {

using jay::differential::beside;
using jay::differential::block;
using jay::differential::program;
using trace = std::vector<std::string>;

/// A list of words without escapes, as json.
trace words(const std::string& line) {
  trace v;
  for (std::size_t at = line.find('"'); at != std::string::npos; at = line.find('"', at)) {
    std::size_t end = line.find('"', at + 1);
    v.push_back(line.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return v;
}

std::vector<trace> run_in_python(const std::vector<program>& all) {
  jay::testing::scratch_directory scratch;
  std::string in = scratch.file("programs"), out = scratch.file("traces");
  {
    std::ofstream file(in);
    for (const program& p : all) file << text(p) << '\n';
  }
  using namespace jay::differential;
  std::string command = JAY_PYTHON " " JAY_INTERPRETER;
  for (int n : {locks, events, futures, handles_at_most, turns}) command += " " + std::to_string(n);
  command += " <" + in + " >" + out;
  int status = std::system(command.c_str());
  EXPECT_EQ(status, 0) << command;
  std::vector<trace> traces;
  std::ifstream file(out);
  for (std::string line; std::getline(file, line);) traces.push_back(words(line));
  EXPECT_EQ(traces.size(), all.size());
  traces.resize(all.size());
  return traces;
}

/// Calls f for every block of statements in b, the innermost first, until it says true.
bool each_block(block& b, const std::function<bool(block&)>& f) {
  for (auto& s : b)
    if (each_block(s.body, f)) return true;
  return f(b);
}
bool each_block(program& p, const std::function<bool(block&)>& f) {
  for (block& b : p.functions)
    if (each_block(b, f)) return true;
  return false;
}

/// The same without one statement, or with what it has around it taken away.
std::vector<program> smaller(const program& p) {
  std::vector<program> all;
  for (int nth = 0;; ++nth) {
    for (bool unwrap : {false, true}) {
      program copy = p;
      int left = nth;
      bool found = each_block(copy, [&](block& b) {
        if (left >= static_cast<int>(b.size())) {
          left -= static_cast<int>(b.size());
          return false;
        }
        auto at = b.begin() + left;
        block inner = std::move(at->body);
        at = b.erase(at);
        if (unwrap) b.insert(at, inner.begin(), inner.end());
        return true;
      });
      if (!found) return all;
      all.push_back(std::move(copy));
    }
  }
}

program shrunk(program p) {
  for (;;) {
    std::vector<program> all = smaller(p);
    if (p.started > 1) {
      all.push_back(p);
      --all.back().started;
    }
    std::vector<trace> expected = run_in_python(all);
    std::size_t i = 0;
    while (i < all.size() && jay::differential::interpreter::run(all[i]) == expected[i]) ++i;
    if (i == all.size()) return p;
    p = all[i];
  }
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value ? std::strtoull(value, nullptr, 10) : otherwise;
}

void compare(bool cancels) {
  std::uint64_t seed = from_environment("JAY_SEED", 1);
  std::uint64_t n = from_environment("JAY_PROGRAMS", std::getenv("JAY_SOAK") ? 5000 : 300);
  std::vector<program> all;
  for (std::uint64_t i = 0; i < n; ++i) all.push_back(jay::differential::generator(seed + i, cancels).make());
  std::vector<trace> expected = run_in_python(all);
  int different = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    trace ours = jay::differential::interpreter::run(all[i]);
    if (ours == expected[i]) continue;
    if (++different > 3) continue;
    program p = shrunk(all[i]);
    trace python = run_in_python({p})[0];
    ADD_FAILURE() << "seed " << all[i].seed << ", shrunk to\n" << text(p) << "\nCPython, jay:\n"
                  << beside(python, jay::differential::interpreter::run(p));
  }
  EXPECT_EQ(different, 0) << "of " << n;
}

TEST(Differential, ProgramsDoInAsynciosOrderWhatCPythonDoes) { compare(false); }
TEST(Differential, ProgramsThatCancelDoInAsynciosOrderWhatCPythonDoes) { compare(true); }

}  // namespace
