// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <filesystem>

#include <jay/context_var.hpp>
#include <jay/create_task.hpp>
#include <jay/event.hpp>
#include <jay/server.hpp>
#include <jay/settled.hpp>

#include "tests/support/net.hpp"

using namespace std::chrono_literals;
using namespace jay::testing;

namespace {

jay::task<> echo(jay::stream_reader reader, jay::stream_writer writer) {
  for (;;) {
    std::string data = co_await reader.read(4096);
    if (data.empty()) break;
    writer.write(data);
    co_await writer.drain();
  }
}

/// Sends `messages` lines, one after the other, and counts those that come back.
jay::task<int> talk(std::uint16_t port, int messages) {
  auto [reader, writer] = co_await jay::open_connection("127.0.0.1", port);
  int right = 0;
  for (int i = 0; i < messages; ++i) {
    std::string line = "message " + std::to_string(i) + "\n";
    writer.write(line);
    co_await writer.drain();
    std::string back = co_await reader.readline();
    right += back == line;
  }
  co_return right;
}

jay::task<int> many_talk(int connections, int messages) {
  jay::server s = co_await jay::start_server(echo, "127.0.0.1", 0);
  std::vector<jay::task<int>> clients;
  for (int i = 0; i < connections; ++i) clients.push_back(talk(s.port(), messages));
  auto counts = co_await jay::gather(std::move(clients));
  s.close();
  co_await s.wait_closed();
  int sum = 0;
  for (int n : counts) sum += n;
  co_return sum;
}

TEST(Server, EchoesToAThousandConnections) { EXPECT_EQ(jay::run(many_talk(1000, 5)), 5000); }
TEST(Server, EchoesOnOneWorkerInOrder) { EXPECT_EQ(jay::run(many_talk(100, 5), in_order()), 500); }
TEST(Server, EchoesWithoutIoThreads) {
  jay::config c = with_workers(2);
  c.io.threads = 0;
  EXPECT_EQ(jay::run(many_talk(100, 5), c), 500);
}
jay::config with_io_threads(std::uint32_t io_threads, bool help) {
  jay::config c = with_workers(2);
  c.io.help = help;
  c.io.threads = io_threads;
  return c;
}
TEST(Server, EchoesWithoutHelp) { EXPECT_EQ(jay::run(many_talk(100, 5), with_io_threads(1, false)), 500); }
TEST(Server, EchoesWhereAnIoThreadSpins) {
  jay::config c = with_io_threads(1, true);
  c.io.spin = 100;
  EXPECT_EQ(jay::run(many_talk(100, 5), c), 500);
  EXPECT_EQ(jay::run(many_talk(1, 200), c), 200);
}
/// They put jobs into the ready queue and take each other's: none may be left when both have done.
TEST(Server, EchoesByTwoIoThreads) {
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(jay::run(many_talk(100, 5), with_io_threads(2, true)), 500);
    EXPECT_EQ(jay::run(many_talk(100, 5), with_io_threads(2, false)), 500);
  }
}

TEST(Server, TheHandlerMayBeALambdaWithCaptures) {
  auto main = []() -> jay::task<> {
    jay::server s = co_await [] {
      std::string greeting = "hello from a string that is not short";
      auto greet = [greeting](jay::stream_reader, jay::stream_writer w) -> jay::task<> {
        co_await jay::sleep(0s);
        w.write(greeting);
      };
      return jay::start_server(greet, "127.0.0.1", 0);
    }();
    for (int i = 0; i < 3; ++i) {
      auto [reader, writer] = co_await jay::open_connection("127.0.0.1", s.port());
      std::string got = co_await reader.read();
      EXPECT_EQ(got, "hello from a string that is not short");
    }
  };
  jay::run(main());
}

TEST(Server, WithoutAHostItListensEverywhereOnOnePort) {
  auto main = []() -> jay::task<> {
    jay::server s = co_await jay::start_server(echo, "", 0);
    EXPECT_GE(s.sockets().size(), 1u);
    for (const jay::address& a : s.sockets()) EXPECT_EQ(a.port(), s.port());
    int right = co_await talk(s.port(), 2);
    EXPECT_EQ(right, 2);
    EXPECT_TRUE(s.is_serving());
    s.close();
    EXPECT_FALSE(s.is_serving());
    EXPECT_TRUE(s.sockets().empty());
  };
  jay::run(main());
}

TEST(Server, AConnectionHasItsOwnLocalAddressWhereTheServerListensEverywhere) {
  auto main = []() -> jay::task<> {
    for (const char* at : {"0.0.0.0", "127.0.0.1"}) {
      auto [told, local] = jay::with_resolvers<jay::address>();
      auto tells = [told = told](jay::stream_reader, jay::stream_writer w) -> jay::task<> {
        told.set_result(w.local_address());
        co_return;
      };
      jay::server s = co_await jay::start_server(tells, at, 0);
      auto [reader, writer] = co_await jay::open_connection("127.0.0.1", s.port());
      const jay::address& own = co_await local;
      EXPECT_EQ(own.to_string(), "127.0.0.1:" + std::to_string(s.port()));
      EXPECT_EQ(own, writer.peer_address());
    }
  };
  jay::run(main());
}

TEST(Server, APortInUseIsAnErrorThatNamesIt) {
  auto main = []() -> jay::task<> {
    jay::server s = co_await jay::start_server(echo, "127.0.0.1", 0);
    failure f = co_await failure_of(jay::start_server(echo, "127.0.0.1", s.port()));
    EXPECT_EQ(f.code, EADDRINUSE);
    EXPECT_EQ(f.text, "bind 127.0.0.1:" + std::to_string(s.port()) + ": Address already in use");
  };
  jay::run(main());
}

TEST(Server, OverAUnixSocketWhoseFileGoesWithIt) {
  scratch_directory dir;
  std::string path = dir.file("socket");
  auto main = [&]() -> jay::task<> {
    jay::server s = co_await jay::start_unix_server(echo, path);
    EXPECT_EQ(s.port(), 0);
    auto [reader, writer] = co_await jay::open_unix_connection(path);
    writer.write("hello\n");
    std::string line = co_await reader.readline();
    EXPECT_EQ(line, "hello\n");
    EXPECT_TRUE(std::filesystem::exists(path));
    s.close();
    EXPECT_FALSE(std::filesystem::exists(path));
    failure f = co_await failure_of(jay::start_unix_server(echo, dir.file(std::string(120, 'x'))));
    EXPECT_EQ(f.code, ENAMETOOLONG);
  };
  jay::run(main());
}

TEST(Server, AHandlersExceptionIsReportedAndClosesItsConnection) {
  std::atomic<int> reports = 0;
  std::string message;
  auto main = [&]() -> jay::task<> {
    jay::detail::current_scheduler()->set_exception_handler([&](const jay::exception_context& c) {
      message = c.message;
      try {
        std::rethrow_exception(c.exception);
      } catch (const std::exception& e) {
        message += std::string(": ") + e.what();
      }
      ++reports;
    });
    auto fail = [](jay::stream_reader r, jay::stream_writer) -> jay::task<> {
      std::string line = co_await r.readline();
      throw std::runtime_error("cannot handle " + line);
    };
    jay::server s = co_await jay::start_server(fail, "127.0.0.1", 0);
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", s.port());
    writer.write("this\n");
    std::string end = co_await reader.read();
    EXPECT_EQ(end, "");
    s.close();
    co_await s.wait_closed();
  };
  jay::run(main());
  EXPECT_EQ(reports, 1);
  EXPECT_EQ(message, "start_server: unhandled exception in a connection's handler: cannot handle this\n");
}

TEST(Server, WaitClosedWaitsForTheLastConnection) {
  auto main = []() -> jay::task<> {
    jay::server s = co_await jay::start_server(echo, "127.0.0.1", 0);
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", s.port());
    writer.write("a\n");
    std::string line = co_await reader.readline();
    EXPECT_EQ(line, "a\n");
    s.close();
    auto closed = jay::create_task(s.wait_closed());
    writer.write("b\n");
    line = co_await reader.readline();
    EXPECT_EQ(line, "b\n") << "connections go on";
    EXPECT_FALSE(closed.done());
    writer.close();
    co_await closed;
    failure f = co_await failure_of(s.serve_forever());
    EXPECT_NE(f.text.find("closed"), std::string::npos);
  };
  jay::run(main());
}

TEST(Server, CloseClientsSendsWhatIsBufferedAbortClientsDoesNot) {
  const std::string much = pattern(100'000'000);
  auto main = [&]() -> jay::task<> {
    auto flood = [&much](jay::stream_reader r, jay::stream_writer w) -> jay::task<> {
      std::string go = co_await r.readline();
      w.write(much);
      std::string rest = co_await r.read();  // until it is closed
    };
    for (bool abort : {false, true}) {
      jay::server s = co_await jay::start_server(flood, "127.0.0.1", 0);
      auto [reader, writer] = co_await jay::open_connection("127.0.0.1", s.port());
      writer.write("go\n");
      std::string first = co_await reader.read_exactly(1000);
      s.close();
      if (abort) s.abort_clients();
      else s.close_clients();
      auto closed = jay::create_task(s.wait_closed());
      std::size_t got = 1000;
      failure f;
      try {
        for (;;) {
          std::string part = co_await reader.read(1 << 20);
          if (part.empty()) break;
          got += part.size();
        }
      } catch (const std::system_error& e) {
        f.text = e.what();
      }
      co_await closed;
      if (abort) EXPECT_LT(got, much.size());
      else EXPECT_EQ(got, much.size()) << f.text;
    }
  };
  jay::run(main());
}

TEST(Server, CancellingServeForeverClosesTheServerAndItsConnections) {
  auto main = []() -> jay::task<> {
    jay::server s = co_await jay::start_server(echo, "127.0.0.1", 0);
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", s.port());
    writer.write("a\n");
    std::string line = co_await reader.readline();
    auto forever = jay::create_task(s.serve_forever());
    co_await jay::sleep(0s);
    failure f = co_await failure_of(s.serve_forever());
    EXPECT_NE(f.text.find("already"), std::string::npos) << f.text;
    forever.cancel("enough");
    auto r = co_await jay::settled(forever);
    EXPECT_TRUE(r.cancelled());
    std::string end = co_await reader.read();
    EXPECT_EQ(end, "");
    failure refused = co_await failure_of(jay::open_connection("127.0.0.1", s.port()));
    EXPECT_EQ(refused.code, ECONNREFUSED);
  };
  jay::run(main(), in_order());
}

TEST(Server, DestroyingItClosesIt) {
  auto main = []() -> jay::task<> {
    std::uint16_t port;
    {
      jay::server s = co_await jay::start_server(echo, "127.0.0.1", 0);
      port = s.port();
    }
    failure f = co_await failure_of(jay::open_connection("127.0.0.1", port));
    EXPECT_EQ(f.code, ECONNREFUSED);
  };
  jay::run(main());
}

TEST(Server, TheRuntimeEndsWithIdleConnectionsOpen) {
  auto main = []() -> jay::task<> {
    jay::server s = co_await jay::start_server(echo, "127.0.0.1", 0);
    std::vector<std::pair<jay::stream_reader, jay::stream_writer>> idle;
    for (int i = 0; i < 50; ++i) {
      auto both = co_await jay::open_connection("127.0.0.1", s.port());
      both.second.write("x\n");
      std::string line = co_await both.first.readline();
      idle.push_back(std::move(both));
    }
  };
  jay::run(main());
}

TEST(Server, ClientsThatResetDoNotDisturbOthers) {
  auto main = []() -> jay::task<> {
    auto calm = [](jay::stream_reader r, jay::stream_writer w) -> jay::task<> {
      try {
        co_await echo(std::move(r), std::move(w));
      } catch (const std::system_error&) {
        // the client went away
      }
    };
    jay::server s = co_await jay::start_server(calm, "127.0.0.1", 0);
    for (int i = 0; i < 50; ++i) {
      jay::socket c = co_await jay::socket::connect(loopback(s.port()));
      if (i % 2) co_await c.write_all(jay::bytes_of("some data that will be echoed to nobody"));
      reset(c);
    }
    int right = co_await talk(s.port(), 10);
    EXPECT_EQ(right, 10);
  };
  jay::run(main());
}

// ---- no descriptors left ----

/// With at most `n` open files: more clients than can be accepted at a time, and all are served in the end.
jay::task<int> served_with_few_descriptors(int clients) {
  jay::server s = co_await jay::start_server(echo, "127.0.0.1", 0);
  std::vector<jay::socket> first;
  rlimit old;
  ::getrlimit(RLIMIT_NOFILE, &old);
  int log[2];
  if (::pipe2(log, O_NONBLOCK | O_CLOEXEC) != 0) co_return 6;
  const int real_log = ::dup(2);
  ::dup2(log[1], 2);
  // The clients' sockets take what there is, so that the server finds nothing left.
  std::vector<std::pair<jay::stream_reader, jay::stream_writer>> open;
  for (int i = 0; i < clients; ++i) open.push_back(co_await jay::open_connection("127.0.0.1", s.port()));
  for (auto& [r, w] : open) {
    w.write("x\n");
    std::string line = co_await r.readline();
    if (line != "x\n") co_return 1;
  }
  int lowest_free = ::dup(0);
  ::close(lowest_free);
  rlimit few{static_cast<rlim_t>(lowest_free + 1), old.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &few) != 0) co_return 2;
  // One descriptor is left: the client takes it, and the server's accept has none.
  auto [reader, writer] = co_await jay::open_connection("127.0.0.1", s.port());
  writer.write("late\n");
  auto answer = jay::create_task(reader.readline());
  std::string said;
  while (said.find("connections wait") == said.npos) {
    char part[256];
    const ssize_t n = ::read(log[0], part, sizeof part);
    if (n > 0) said.append(part, static_cast<std::size_t>(n));
    else co_await jay::sleep(0s);
  }
  if (::write(real_log, said.data(), said.size()) < 0) co_return 5;
  if (answer.done()) co_return 3;
  open.pop_back();
  std::string line = co_await answer;
  co_return line == "late\n" ? 0 : 4;
}

TEST(ServerDeathTest, WithoutDescriptorsItWaitsAndRecovers) {
#if JAY_ASAN
  GTEST_SKIP() << "AddressSanitizer itself needs descriptors";
#endif
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::_Exit(jay::run(served_with_few_descriptors(5))), testing::ExitedWithCode(0),
              "jay: accept on 127.0.0.1:[0-9]+: Too many open files; connections wait until resources are free");
}

/// An I/O thread may have resumed the handler that blocks; a worker runs the others then.
void block_one_of_two_handlers(const jay::config& c) {
  std::binary_semaphore second_came(0);
  std::atomic<int> connections{0};
  auto handler = [&](jay::stream_reader reader, jay::stream_writer writer) -> jay::task<> {
    std::string line = co_await reader.readline();
    if (connections.fetch_add(1) == 0) second_came.acquire();
    else second_came.release();
    writer.write(line);
    co_await writer.drain();
  };
  auto client = [](std::uint16_t port) -> jay::task<std::string> {
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", port);
    for (int i = 0; i < 20; ++i) co_await jay::sleep(1ms);  // so that the I/O threads are at work
    writer.write("line\n");
    co_await writer.drain();
    std::string back = co_await reader.readline();
    co_return back;
  };
  auto main = [&]() -> jay::task<> {
    jay::server s = co_await jay::start_server(handler, "127.0.0.1", 0);
    auto [a, b] = co_await jay::gather(client(s.port()), client(s.port()));
    EXPECT_EQ("line\n", a);
    EXPECT_EQ("line\n", b);
    s.close();
  };
  jay::run(main(), c);
}
TEST(Server, AHandlerThatBlocksItsThreadHoldsUpNobodyElse) { block_one_of_two_handlers(with_workers(2)); }
TEST(Server, NorDoesItBesideAnotherIoThread) {
  for (int i = 0; i < 20; ++i) block_one_of_two_handlers(with_io_threads(2, true));
}
TEST(Server, NorDoesItWithoutHelp) {
  for (int i = 0; i < 5; ++i) block_one_of_two_handlers(with_io_threads(1, false));
}

TEST(Server, AHandlersContextIsACopyOfThatOfStartServer) {
  static jay::context_var<std::string> user("user", "nobody");
  auto main = []() -> jay::task<std::string> {
    user.set("ada");
    auto tell = [](jay::stream_reader reader, jay::stream_writer writer) -> jay::task<> {
      std::string line = co_await reader.readline();
      writer.write(user.get() + line);
      user.set("the connection's own");
      co_await writer.drain();
      writer.close();
    };
    jay::server server = co_await jay::start_server(tell, "127.0.0.1", 0);
    user.set("grace");
    std::string seen;
    for (int i = 0; i < 2; ++i) {
      auto [reader, writer] = co_await jay::open_connection("127.0.0.1", server.port());
      writer.write("\n");
      co_await writer.drain();
      std::string got = co_await reader.readline();
      seen += got;
    }
    server.close();
    co_await server.wait_closed();
    co_return seen;
  };
  EXPECT_EQ("ada\nada\n", jay::run(main()));
}

}  // namespace
