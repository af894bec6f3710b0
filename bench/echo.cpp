// SPDX-License-Identifier: MIT
// echo: a server for the load generator.
#include "support/jay_echo.hpp"
#include "support/jay_main.hpp"

namespace {

jay::task<> nothing() { co_return; }

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 0);
  bench::obey_standard_input({"echo", "jay", given.workers}, false);
  jay::run(bench::serve_echo(static_cast<unsigned>(given.size), nothing), bench::with_workers(given.workers));
}
