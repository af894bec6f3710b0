// SPDX-License-Identifier: MIT
// The examples beside other libraries' event loops, as far as those libraries are there (examples/CMakeLists.txt says so).
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace {

/// What a program prints, and its exit status if that is not 0.
[[maybe_unused]] std::string output_of(const char* program) {
  std::FILE* out = ::popen(program, "r");
  std::string text;
  char buffer[256];
  while (std::size_t n = std::fread(buffer, 1, sizeof buffer, out)) text.append(buffer, n);
  const int status = ::pclose(out);
  return status == 0 ? text : text + "status " + std::to_string(status);
}

#ifdef GLIB_LOOP
TEST(ForeignLoops, ATaskIsAtHomeInGlibsMainLoop) {
  EXPECT_EQ(output_of(GLIB_LOOP), " 25 %\n 50 %\n 75 %\n100 %\n9592 primes\n");
}
#endif

#ifdef LIBUV_LOOP
TEST(ForeignLoops, ATaskIsAtHomeInLibuvsLoop) { EXPECT_EQ(output_of(LIBUV_LOOP), "stopped after 5 ticks or more\n"); }
#endif

}  // namespace
