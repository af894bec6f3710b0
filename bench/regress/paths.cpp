// SPDX-License-Identifier: MIT
// One hot path, COUNT times on one worker: what bench/regress/regress counts the instructions of.
#include <jay/jay.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "support/report.hpp"

namespace {

using namespace std::chrono_literals;

void require(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "paths: wrong result: %s\n", what);
  std::exit(1);
}

jay::task<int> one() { co_return 1; }

jay::task<> fork(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) {
    auto [a, b] = co_await jay::gather(one(), one());
    sum += a + b;
  }
  require(sum == 2 * count, "gather of two");
}

jay::task<> fork_list(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) {
    jay::task_list<int> children;
    children.reserve(10);
    for (int k = 0; k < 10; ++k) children.push_back(one());
    auto values = co_await jay::gather(children);
    for (const int value : values) sum += value;
  }
  require(sum == 10 * count, "gather of a list");
}

jay::task<> fork_vector(long count) {
  std::size_t sum = 0;
  for (long i = 0; i < count; ++i) {
    std::vector<jay::task<int>> children;
    children.reserve(10);
    for (int k = 0; k < 10; ++k) children.push_back(one());
    const std::vector<int> values = co_await jay::gather(std::move(children));
    sum += values.size();
  }
  require(sum == 10 * static_cast<std::size_t>(count), "gather of a vector");
}

jay::task<> task_group(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) {
    jay::task_group group;
    auto a = group.create_task(one);
    auto b = group.create_task(one);
    co_await group.join();
    sum += a.result() + b.result();
  }
  require(sum == 2 * count, "task group");
}

jay::task<> create_task(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) {
    auto handle = jay::create_task(one);
    sum += co_await handle;
  }
  require(sum == count, "create_task");
}

jay::task<> lock(long count) {
  jay::lock lock;
  long held = 0;
  for (long i = 0; i < count; ++i) {
    auto guard = co_await lock.scoped();
    ++held;
  }
  require(held == count, "lock");
}

jay::task<> queue(long count) {
  jay::queue<long> queue;
  long sum = 0;
  for (long i = 0; i < count; ++i) {
    co_await queue.put(1);
    sum += co_await queue.get();
  }
  require(sum == count, "queue");
}

jay::task<> timer(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) sum += co_await jay::wait_for(one(), 1h);
  require(sum == count, "wait_for");
}

jay::task<> echo(long count) {
  auto handler = [](jay::stream_reader reader, jay::stream_writer writer) -> jay::task<> {
    for (;;) {
      const std::string data = co_await reader.read(4096);
      if (data.empty()) break;
      writer.write(data);
      co_await writer.drain();
    }
  };
  jay::server server = co_await jay::start_server(handler, "127.0.0.1", 0);
  auto [reader, writer] = co_await jay::open_connection("127.0.0.1", server.port());
  const std::string request(64, 'x');
  for (long i = 0; i < count; ++i) {
    writer.write(request);
    const std::string answer = co_await reader.read_exactly(request.size());
    require(answer == request, "echo");
  }
  writer.close();
  server.close();
  co_await server.wait_closed();
}

struct path {
  std::string_view name;
  jay::task<> (*run)(long count);
};
constexpr path paths[] = {
    {"fork", fork},
    {"fork_list", fork_list},
    {"fork_vector", fork_vector},
    {"task_group", task_group},
    {"create_task", create_task},
    {"lock", lock},
    {"queue", queue},
    {"timer", timer},
    {"echo", echo},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--compiler") {
    const std::string_view name = bench::compiler;
    std::printf("%s\n", std::string(name.substr(0, name.find('.'))).c_str());
    return 0;
  }
  if (argc == 3)
    for (const path& p : paths)
      if (p.name == argv[1]) {
        jay::config config;
        config.scheduler.workers = 1;
        config.scheduler.spin = 0;
        jay::run(p.run(std::atol(argv[2])), config);
        return 0;
      }
  std::fprintf(stderr, "usage: paths --compiler | NAME COUNT, where NAME is one of:");
  for (const path& p : paths) std::fprintf(stderr, " %.*s", static_cast<int>(p.name.size()), p.name.data());
  std::fprintf(stderr, "\n");
  return 2;
}
