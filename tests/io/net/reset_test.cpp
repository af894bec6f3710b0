// SPDX-License-Identifier: MIT
// A reset is never taken for a clean end: whoever met it first, what came before it is read, and then each read throws it.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>

#include <jay/create_task.hpp>
#include <jay/error.hpp>
#include <jay/future.hpp>
#include <jay/server.hpp>
#include <jay/stream.hpp>

#include "tests/support/streams.hpp"

using namespace std::chrono_literals;
using namespace jay::testing;

namespace {

/// Returns when the peer's reset, or its end, has come: the kernel says so by a hang-up of this end's reading.
jay::task<> until_hung_up(const jay::stream_writer& w) {
  int fd = std::stoi(w.get_extra_info("socket").value());
  tcp_info info{};
  do {
    co_await jay::sleep(0s);
    socklen_t size = sizeof info;
    ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
  } while (info.tcpi_state == TCP_ESTABLISHED);
}

/// A connection whose peer has sent `data` and a reset, and whose writer has met the reset first.
jay::task<streams> reset_met_by_a_write(std::string data) {
  auto [a, b] = co_await tcp_pair();
  streams s = streams_of(std::move(a));
  if (!data.empty()) co_await b.write_all(jay::bytes_of(data));
  reset(b);
  co_await until_hung_up(s.second);
  s.second.write("next request");
  co_return s;
}

TEST(Reset, ThatAWriteMetIsThrownByEachReadAfterTheData) {
  auto main = []() -> jay::task<> {
    auto [reader, writer] = co_await reset_met_by_a_write("half an answer");
    std::string got = co_await reader.read(100);
    EXPECT_EQ(got, "half an answer");
    for (int i = 0; i < 3; ++i) {
      failure f = co_await failure_of(reader.read(100));
      EXPECT_EQ(f.code, ECONNRESET) << f.text;
      f = co_await failure_of(reader.read());
      EXPECT_EQ(f.code, ECONNRESET) << f.text;
    }
    EXPECT_FALSE(reader.at_eof());
    EXPECT_TRUE(reader.exception());
  };
  for (std::uint32_t workers : {1u, 2u, 8u}) jay::run(main(), with_workers(workers));
}

TEST(Reset, GivesWholeLinesAndNeverAHalfOne) {
  auto main = []() -> jay::task<> {
    auto [reader, writer] = co_await reset_met_by_a_write("one\ntwo\nthr");
    std::string one = co_await reader.readline();
    std::string two = co_await reader.read_until("\n");
    EXPECT_EQ(one + two, "one\ntwo\n");
    failure f = co_await failure_of(reader.readline());
    EXPECT_EQ(f.code, ECONNRESET) << f.text;
    f = co_await failure_of(reader.read_until("\n"));
    EXPECT_EQ(f.code, ECONNRESET) << f.text;
    f = co_await failure_of(reader.read_exactly(4));
    EXPECT_EQ(f.code, ECONNRESET) << f.text;
    f = co_await failure_of(reader.next());
    EXPECT_EQ(f.code, ECONNRESET) << f.text;
    std::string rest = co_await reader.read_exactly(3);
    EXPECT_EQ(rest, "thr");
  };
  jay::run(main());
}

TEST(Reset, OutlivesTheClosingOfTheWriter) {
  auto main = []() -> jay::task<> {
    auto [reader, writer] = co_await reset_met_by_a_write("");
    writer.close();
    failure f = co_await failure_of(reader.read());
    EXPECT_EQ(f.code, ECONNRESET) << f.text;
    f = co_await failure_of(writer.wait_closed());
    EXPECT_EQ(f.code, ECONNRESET) << f.text;
  };
  jay::run(main());
}

TEST(Reset, ThatTheReaderMetIsThrownByDrainAndWaitClosed) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    auto [reader, writer] = streams_of(std::move(a));
    auto closed = jay::create_task(failure_of(writer.wait_closed()));
    co_await jay::sleep(0s);
    EXPECT_FALSE(closed.done());
    EXPECT_FALSE(writer.is_closing());
    reset(b);
    failure f = co_await failure_of(reader.read(1));
    EXPECT_EQ(f.code, ECONNRESET) << f.text;
    EXPECT_TRUE(writer.is_closing());
    f = co_await failure_of(writer.drain());
    EXPECT_EQ(f.code, ECONNRESET) << f.text;
    f = co_await closed;
    EXPECT_EQ(f.code, ECONNRESET) << f.text;
  };
  jay::run(main(), in_order());
}

TEST(Reset, WhileALargeBodyIsBeingSentReachesTheReaderThatWaits) {
  auto main = []() -> jay::task<> {
    const std::string body(4 << 20, 'x');
    int told = 0;
    for (int i = 0; i < 200; ++i) {
      auto [a, b] = co_await tcp_pair();
      a.set_option(SOL_SOCKET, SO_SNDBUF, 64 * 1024);  // else the kernel may take it all
      b.set_option(SOL_SOCKET, SO_RCVBUF, 64 * 1024);
      auto [reader, writer] = streams_of(std::move(a));
      writer.write(body);
      EXPECT_GT(writer.write_buffer_size(), 0u);
      auto reading = jay::create_task(failure_of(reader.read()));
      auto draining = jay::create_task(failure_of(writer.drain()));
      co_await jay::sleep(0s);
      reset(b);
      const failure& f = co_await reading;
      told += f.code == ECONNRESET;
      const failure& d = co_await draining;
      EXPECT_TRUE(d.code == ECONNRESET || d.code == EPIPE) << d.text;
    }
    EXPECT_EQ(told, 200);
  };
  for (std::uint32_t workers : {1u, 2u, 8u}) jay::run(main(), with_workers(workers));
}

TEST(Reset, OfASocketIsThrownByEachRead) {
  auto main = []() -> jay::task<> {
    std::array<std::byte, 16> buffer;
    for (bool write_first : {false, true}) {
      auto [a, b] = co_await tcp_pair();
      co_await b.write_all(jay::bytes_of("abc"));
      reset(b);
      if (write_first) {
        failure f;
        while (f.code == 0) f = co_await failure_of(a.write_some(jay::bytes_of("x")));
        EXPECT_EQ(f.code, ECONNRESET) << f.text;
      }
      std::size_t n = co_await a.read_some(buffer);
      EXPECT_EQ(n, 3u);
      for (int i = 0; i < 3; ++i) {
        failure f = co_await failure_of(a.read_some(buffer));
        EXPECT_EQ(f.code, ECONNRESET) << f.text;
      }
      failure f = co_await failure_of(a.write_all(jay::bytes_of("x")));
      EXPECT_NE(f.code, 0);
    }
  };
  jay::run(main());
}

TEST(Reset, OfAUnixSocketThatAWriteMetIsThrownByTheRead) {
  auto main = []() -> jay::task<> {
    auto [a, b] = jay::socket::pair();
    co_await a.write_all(jay::bytes_of("never read"));
    co_await b.write_all(jay::bytes_of("answer"));
    b.close();  // with something unread: the kernel resets
    failure f = co_await failure_of(a.write_some(jay::bytes_of("x")));
    EXPECT_TRUE(f.code == ECONNRESET || f.code == EPIPE) << f.text;
    std::array<std::byte, 16> buffer;
    std::size_t n = co_await a.read_some(buffer);
    EXPECT_EQ(n, 6u);
    f = co_await failure_of(a.read_some(buffer));
    EXPECT_EQ(f.code, ECONNRESET) << f.text;
  };
  jay::run(main());
}

// The peer has said all it had to say, and that it has; only then what is sent to it is refused.
TEST(Reset, AfterTheEndOfTheStreamIsNoErrorForTheReader) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    auto [reader, writer] = streams_of(std::move(a));
    co_await b.write_all(jay::bytes_of("whole"));
    b.close();
    co_await until_hung_up(writer);
    failure f;
    while (f.code == 0) {  // the first is answered by a reset, a later one finds it
      writer.write("too late");
      f = co_await failure_of(writer.drain());
      co_await jay::sleep(0s);
    }
    EXPECT_EQ(f.code, EPIPE) << f.text;
    std::string got = co_await reader.read();
    EXPECT_EQ(got, "whole");
    EXPECT_TRUE(reader.at_eof());
  };
  jay::run(main());
}

TEST(Reset, ShuttingDownTheWritingHalfIsNoErrorForTheReader) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    a.shutdown(jay::shutdown_how::write);
    failure f = co_await failure_of(a.write_some(jay::bytes_of("x")));
    EXPECT_EQ(f.code, EPIPE) << f.text;
    b.close();
    std::array<std::byte, 16> buffer;
    std::size_t n = co_await a.read_some(buffer);
    EXPECT_EQ(n, 0u);
  };
  jay::run(main());
}

TEST(Reset, OfAServersConnectionReachesItsHandler) {
  auto main = []() -> jay::task<> {
    auto [p, seen] = jay::with_resolvers<failure>();
    auto handler = [&p](jay::stream_reader reader, jay::stream_writer writer) -> jay::task<> {
      std::string request = co_await reader.readline();
      co_await until_hung_up(writer);
      writer.write("answer");
      failure f = co_await failure_of(reader.read());
      p.set_result(f);
    };
    jay::server s = co_await jay::start_server(handler, "127.0.0.1", 0);
    jay::socket c = co_await jay::socket::connect(loopback(s.port()));
    co_await c.write_all(jay::bytes_of("request\nhalf of the bo"));
    reset(c);
    failure f = co_await seen;
    EXPECT_EQ(f.code, ECONNRESET) << f.text;
    s.close();
    co_await s.wait_closed();
  };
  jay::run(main());
}

TEST(Reset, AReadThatWasCancelledLeavesTheErrorForTheNext) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    auto [reader, writer] = streams_of(std::move(a));
    auto reading = jay::create_task(reader.read(10));
    auto closing = jay::create_task(writer.wait_closed());
    co_await jay::sleep(0s);
    EXPECT_TRUE(reading.cancel());
    EXPECT_TRUE(closing.cancel());
    auto ended = co_await jay::gather_settled(reading, closing);
    EXPECT_TRUE(std::get<0>(ended).cancelled());
    EXPECT_TRUE(reading.cancelled());
    EXPECT_TRUE(closing.cancelled());
    reset(b);
    failure f = co_await failure_of(reader.read(10));
    EXPECT_EQ(f.code, ECONNRESET) << f.text;
  };
  jay::run(main(), in_order());
}

}  // namespace
