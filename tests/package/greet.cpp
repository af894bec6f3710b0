// SPDX-License-Identifier: MIT
#include <jay/jay.hpp>
#include <cstdio>
#include <string>
using namespace std::chrono_literals;
jay::task<> greet(std::string name) {
  std::printf("Hello, %s!\n", name.c_str());
  co_await jay::sleep(1s);
  std::printf("Goodbye, %s!\n", name.c_str());
}
jay::task<int> async_main() {
  co_await jay::gather(greet("Alice"), greet("Bob"), greet("Charlie"));
  co_return 0;
}
int main() { return jay::run(async_main()); }
