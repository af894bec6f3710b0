// SPDX-License-Identifier: MIT
#include "echo_session.hpp"
#include "pool.hpp"

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 0);
  bench::obey_standard_input({"echo", "asio", given.workers}, false);
  asio::io_context context(static_cast<int>(given.workers));
  asio::co_spawn(context, bench::echo_server(static_cast<unsigned>(given.size), bench::nothing), asio::detached);
  bench::run_on(context, given.workers);
}
