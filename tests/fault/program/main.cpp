// SPDX-License-Identifier: MIT
// A program that uses every kind of system call of the runtime's: what syscall_test.cpp and clock_test.cpp run under
// strace and faketime. Prints "well" and ends with 0, or says what went wrong and ends with 1.
//
//   fault_program FILE [--backend epoll|io_uring] [--storm MICROSECONDS] [--sleep MILLISECONDS] [--threads few]
//
// --storm: a signal every so often, whose handler lets no system call go on by itself.
// --threads few: once all of the runtime's threads have begun, no more can be started, by the kernel's io_uring neither.
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include <jay/jay.hpp>

#include "tests/support/echo_lines.hpp"

namespace {

using namespace std::chrono_literals;

jay::task<int> client(std::uint16_t port, int lines) {
  auto [reader, writer] = co_await jay::open_connection("127.0.0.1", port);
  int good = 0;
  for (int i = 0; i < lines; ++i) {
    std::string line(static_cast<std::size_t>(i) * 100, 'x');
    line += '\n';
    writer.write(line);
    co_await writer.drain();
    std::string back = co_await reader.readline();
    if (back == line) ++good;
    co_await jay::sleep(100us);
  }
  writer.close();
  co_await writer.wait_closed();
  co_return good;
}

jay::task<std::string> round_trip(std::string path) {
  const std::string text(300'000, 'y');
  auto out = co_await jay::file::open(path, "w");
  co_await out.write_all(text);
  co_await out.fsync();
  out.close();
  auto in = co_await jay::file::open(path);
  std::string back = co_await in.read_all();
  co_return back == text ? "" : "the file reads as it was not written";
}

jay::task<int> async_main(std::string path, bool few_threads) {
  jay::server server = co_await jay::start_server(jay::testing::echo_lines, "127.0.0.1", 0);
  std::vector<jay::task<int>> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(client(server.port(), 10));
  std::vector<int> good = co_await jay::gather(std::move(clients));
  for (int n : good) {
    if (n == 10) continue;
    std::printf("a client got %d of 10 lines back\n", n);
    co_return 1;
  }
  if (few_threads) {
    co_await jay::to_thread([] {});
    rlimit one{1, 1};
    if (setrlimit(RLIMIT_NPROC, &one) != 0) throw std::system_error(errno, std::generic_category(), "setrlimit");
  }
  std::string wrong = co_await round_trip(path);
  int called = co_await jay::to_thread([] { return 7; });
  server.close();
  co_await server.wait_closed();
  if (!wrong.empty() || called != 7) {
    std::printf("%s\n", wrong.c_str());
    co_return 1;
  }
  std::puts("well");
  co_return 0;
}

jay::task<int> sleeper(std::chrono::milliseconds d) {
  auto begin = std::chrono::steady_clock::now();
  auto timed_out = co_await jay::settled(jay::wait_for(jay::sleep(1h), d));
  co_await jay::sleep(d);
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  std::printf("%lld\n", static_cast<long long>(took.count()));
  co_return timed_out.error() ? 0 : 1;
}

void storm(long microseconds) {
  struct sigaction quiet {};
  quiet.sa_handler = [](int) {};
  sigaction(SIGALRM, &quiet, nullptr);  // no SA_RESTART
  itimerval every{{0, microseconds}, {0, microseconds}};
  setitimer(ITIMER_REAL, &every, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  jay::config c;
  c.scheduler.workers = 2;
  bool few_threads = false;
  try {
    for (int i = 2; i + 1 < argc; i += 2) {
      if (std::strcmp(argv[i], "--backend") == 0)
        c.io.backend = std::strcmp(argv[i + 1], "epoll") == 0 ? jay::io_backend::epoll : jay::io_backend::io_uring;
      if (std::strcmp(argv[i], "--storm") == 0) storm(std::atol(argv[i + 1]));
      if (std::strcmp(argv[i], "--threads") == 0) {
        few_threads = true;
        // The limit is not for root.
        if (geteuid() == 0 && setuid(54321) != 0) throw std::system_error(errno, std::generic_category(), "setuid");
      }
      if (std::strcmp(argv[i], "--sleep") == 0) return jay::run(sleeper(std::chrono::milliseconds(std::atol(argv[i + 1]))), c);
    }
    return jay::run(async_main(argv[1], few_threads), c);
  } catch (const std::exception& e) {
    std::printf("error: %s\n", e.what());
  } catch (const jay::cancelled_error& e) {
    std::printf("cancelled: %s\n", e.message().c_str());
  }
  return 1;
}
