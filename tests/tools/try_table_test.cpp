// SPDX-License-Identifier: MIT
// The table that tools/try shows, of results as `jay bench run` writes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/support/scratch_directory.hpp"

namespace {

using ::testing::HasSubstr;

std::string row(const std::string& bench, const std::string& runtime, const std::string& metric, const std::string& unit,
                const std::string& better, double median) {
  return R"({"bench": ")" + bench + R"(", "runtime": ")" + runtime + R"(", "metric": ")" + metric + R"(", "unit": ")" + unit +
         R"(", "better": ")" + better + R"(", "median": )" + std::to_string(median) + "}";
}

TEST(TryTable, SaysWhatJayAndTheOthersTookAndTheRatioOnOneScreen) {
  jay::testing::scratch_directory directory;
  std::ofstream(directory.file("hashing")) << "69259 887213045 1.100 2.640 1.650\n";
  std::ofstream(directory.file("results"))
      << R"({"rows": [)" + row("fib", "jay", "ns_per_task", "ns", "lower", 5.6) + "," +
             row("fib", "tbb", "ns_per_task", "ns", "lower", 28) + "," +
             row("echo_64", "jay", "req_per_s", "1/s", "higher", 167000) + "," +
             row("echo_64", "go", "req_per_s", "1/s", "higher", 83500) + "," +
             row("mixed_coarse", "jay", "p99", "us", "lower", 1500) + "," +
             row("mixed_coarse", "asio+tbb", "p99", "us", "lower", 750) +
             R"(], "failures": [{"bench": "mixed_coarse", "runtime": "go", "workers": 2, "reason": "no answer"}]})";
  const std::string command = std::string("python3 '" TRY_TABLE "' '") + directory.file("hashing") + "' '" +
                              directory.file("results") + "' > '" + directory.file("out") + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::ifstream file(directory.file("out"));
  std::string table;
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    EXPECT_LE(line.size(), 80u) << line;
    for (std::size_t at; (at = line.find("  ")) != line.npos;) line.erase(at, 1);
    table += line + "\n";
  }
  EXPECT_LE(lines, 16);
  EXPECT_THAT(table, HasSubstr("SHA-256 of 69,259 files 1.10 s 2.64 s 2.40x 1.65 s 1.50x\n"));
  EXPECT_THAT(table, HasSubstr("fork and join (fib) 5.60 ns 28.0 ns 5.00x - -\n"));
  EXPECT_THAT(table, HasSubstr("echo, answers per s 167,000 - - 83,500 2.00x\n"));
  EXPECT_THAT(table, HasSubstr("p99 of echo, full load 1.50 ms - 750 us 0.50x failed\n"));
  EXPECT_THAT(table, HasSubstr("failed: mixed_coarse on go: no answer\n"));
}

}  // namespace
