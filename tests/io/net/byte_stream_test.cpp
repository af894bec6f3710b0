// SPDX-License-Identifier: MIT
// What a stream_reader and a stream_writer do is the same over every byte stream.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <functional>
#include <string>

#include <jay/create_task.hpp>
#include <jay/error.hpp>
#include <jay/gather.hpp>
#include <jay/settled.hpp>
#include <jay/testing.hpp>
#include <jay/time.hpp>

#include "tests/support/memory_stream.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/worker_counts.hpp"

using namespace std::chrono_literals;
using namespace jay::testing;

namespace {

using pair_of_streams = std::pair<streams, streams>;

struct kind {
  const char* name;
  jay::task<pair_of_streams> (*connect)();
  bool simulated = false;  // in jay::testing::run
};

jay::task<pair_of_streams> in_memory() {
  auto [a, b] = memory_pair::make();
  co_return pair_of_streams(streams_of(std::move(a)), streams_of(std::move(b)));
}
jay::task<pair_of_streams> over_unix_sockets() {
  auto [a, b] = jay::socket::pair();
  co_return pair_of_streams(streams_of(std::move(a)), streams_of(std::move(b)));
}

class ByteStream : public testing::TestWithParam<kind> {
 protected:
  /// With 1, 2 and 8 workers; in a simulation, with some seeds.
  template <class F>
  void run(F main) {
    if (GetParam().simulated) {
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE(seed);
        jay::testing::run(main(), seed);
      }
    } else {
      for (std::uint32_t workers : {1u, 2u, 8u}) jay::run(main(), with_workers(workers));
    }
  }
  /// Runs f(a, b) on a connected pair.
  template <class F>
  void on_a_pair(F f) {
    auto main = [&]() -> jay::task<> {
      auto [a, b] = co_await GetParam().connect();
      co_await f(a, b);
    };
    run(main);
  }
};

jay::task<> end(streams& s) {
  s.second.close();
  co_await s.second.wait_closed();
}

TEST_P(ByteStream, CarriesBytesBothWays) {
  on_a_pair([](streams& a, streams& b) -> jay::task<> {
    a.second.write("ping\n");
    std::string asked = co_await b.first.readline();
    EXPECT_EQ(asked, "ping\n");
    b.second.write("pong\n");
    std::string answer = co_await a.first.readline();
    EXPECT_EQ(answer, "pong\n");
  });
}

TEST_P(ByteStream, CarriesFarMoreThanItHolds) {
  const std::string body(8 << 20, 'x');
  on_a_pair([&](streams& a, streams& b) -> jay::task<> {
    auto sends = [&]() -> jay::task<> {
      for (std::size_t at = 0; at < body.size(); at += 100'000) {
        a.second.write(std::string_view(body).substr(at, 100'000));
        co_await a.second.drain();
      }
      a.second.write_eof();
    };
    auto [sent, got] = co_await jay::gather(sends(), b.first.read());
    EXPECT_TRUE(got == body) << got.size();
  });
}

TEST_P(ByteStream, ADrainWaitsUntilThePeerHasReadAndIsCancelled) {
  const std::string body(16 << 20, 'x');
  on_a_pair([&](streams& a, streams& b) -> jay::task<> {
    a.second.write(body);
    EXPECT_GT(a.second.write_buffer_size(), 0u);
    auto draining = jay::create_task([&]() -> jay::task<> { co_await a.second.drain(); });
    co_await jay::sleep(0s);
    EXPECT_FALSE(draining.done());
    draining.cancel();
    auto r = co_await jay::settled(draining);
    EXPECT_TRUE(r.cancelled());
    a.second.write_eof();
    std::string got = co_await b.first.read();
    EXPECT_EQ(got.size(), body.size());
    co_await a.second.drain();
  });
}

TEST_P(ByteStream, ACancelledReadLosesNoByte) {
  on_a_pair([](streams& a, streams& b) -> jay::task<> {
    for (int i = 0; i < 50; ++i) {
      auto reading = jay::create_task(b.first.readline());
      if (i % 2) co_await jay::sleep(0s);
      a.second.write("a line\n");
      reading.cancel();
      auto r = co_await jay::settled(reading);
      std::string line;
      if (r.cancelled()) line = co_await b.first.readline();
      else line = r.value();
      EXPECT_EQ(line, "a line\n");
    }
  });
}

TEST_P(ByteStream, AfterTheEndOfOneDirectionTheOtherGoesOn) {
  on_a_pair([](streams& a, streams& b) -> jay::task<> {
    auto reading = jay::create_task(b.first.read());
    a.second.write("all");
    a.second.write_eof();
    std::string got = co_await reading;
    EXPECT_EQ(got, "all");
    b.second.write("still here");
    co_await end(b);
    std::string rest = co_await a.first.read();
    EXPECT_EQ(rest, "still here");
  });
}

TEST_P(ByteStream, AClosedPeerIsTheEndOfWhatItHasSent) {
  on_a_pair([](streams& a, streams& b) -> jay::task<> {
    a.second.write("last words");
    co_await end(a);
    std::string got = co_await b.first.read();
    EXPECT_EQ(got, "last words");
    EXPECT_TRUE(b.first.at_eof());
  });
}

TEST_P(ByteStream, WritingToAClosedPeerFailsAtTheDrain) {
  on_a_pair([](streams& a, streams& b) -> jay::task<> {
    co_await end(b);
    failure f;
    while (f.code == 0) {
      a.second.write(std::string(1 << 20, 'x'));
      f = co_await failure_of([&]() -> jay::task<> { co_await a.second.drain(); }());
    }
    EXPECT_TRUE(f.code == EPIPE || f.code == ECONNRESET) << f.text;
  });
}

TEST_P(ByteStream, ClosingEndsOwnReader) {
  on_a_pair([](streams& a, streams&) -> jay::task<> {
    auto reading = jay::create_task(a.first.read());
    co_await jay::sleep(0s);
    a.second.close();
    std::string got = co_await reading;
    EXPECT_EQ(got, "");
  });
}

TEST_P(ByteStream, AnAbortDropsWhatWasNotSent) {
  on_a_pair([](streams& a, streams& b) -> jay::task<> {
    a.second.write(std::string(16 << 20, 'x'));
    a.second.abort();
    EXPECT_TRUE(a.second.is_closing());
    co_await a.second.wait_closed();
    const failure& f = co_await failure_of(a.second.drain());
    EXPECT_NE(f.code, 0);
    std::size_t got = 0;
    try {
      std::string all = co_await b.first.read();
      got = all.size();
    } catch (const std::system_error&) {
    }
    EXPECT_LT(got, 16u << 20);
  });
}

TEST_P(ByteStream, ManyPairsAtOnce) {
  auto talk = []() -> jay::task<int> {
    auto [a, b] = co_await GetParam().connect();
    int lines = 0;
    for (int i = 0; i < 200; ++i) {
      a.second.write("over\n");
      std::string there = co_await b.first.readline();
      b.second.write(there);
      std::string back = co_await a.first.readline();
      lines += back == "over\n";
    }
    co_return lines;
  };
  auto main = [&]() -> jay::task<> {
    std::vector<jay::task<int>> all;
    for (int i = 0; i < 20; ++i) all.push_back(talk());
    auto lines = co_await jay::gather(std::move(all));
    for (int n : lines) EXPECT_EQ(n, 200);
  };
  run(main);
}

INSTANTIATE_TEST_SUITE_P(Over, ByteStream,
                         testing::Values(kind{"tcp", &stream_pair}, kind{"unix", &over_unix_sockets}, kind{"memory", &in_memory},
                                         kind{"simulated", &stream_pair, true}, kind{"simulated_unix", &over_unix_sockets, true}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
