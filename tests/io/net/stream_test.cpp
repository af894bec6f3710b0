// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <array>

#include <jay/create_task.hpp>
#include <jay/error.hpp>
#include <jay/server.hpp>
#include <jay/settled.hpp>
#include <jay/stream.hpp>

#include "tests/support/streams.hpp"

using namespace std::chrono_literals;
using namespace jay::testing;

namespace {

// ---- fed by hand: asyncio's StreamReader ----

/// Runs a reader's call on a reader that was given `data` and its end.
template <class F>
auto after_end(std::string_view data, F f, std::size_t limit = 65536) {
  jay::stream_reader r(limit);
  r.feed_data(data);
  r.feed_eof();
  return jay::run(f(r));
}

TEST(StreamReader, ReadGivesWhatIsThereUpToN) {
  auto main = []() -> jay::task<> {
    jay::stream_reader r;
    r.feed_data("hello world");
    std::string a = co_await r.read(5), b = co_await r.read(0), c = co_await r.read(100);
    EXPECT_EQ(a, "hello");
    EXPECT_EQ(b, "");
    EXPECT_EQ(c, " world");
    r.feed_data("rest");
    r.feed_eof();
    EXPECT_FALSE(r.at_eof());
    std::string d = co_await r.read(), e = co_await r.read(), f = co_await r.read(3);
    EXPECT_EQ(d, "rest");
    EXPECT_EQ(e + f, "");
    EXPECT_TRUE(r.at_eof());
  };
  jay::run(main());
}

TEST(StreamReader, ReadWaitsForAFeed) {
  auto main = []() -> jay::task<> {
    jay::stream_reader r;
    auto reading = jay::create_task(r.read(10));
    co_await jay::sleep(0s);
    EXPECT_FALSE(reading.done());
    r.feed_data("x");
    const std::string& got = co_await reading;
    EXPECT_EQ(got, "x");
    auto to_end = jay::create_task(r.read());
    for (int i = 0; i < 3; ++i) {
      r.feed_data("ab");
      co_await jay::sleep(0s);
    }
    EXPECT_FALSE(to_end.done());
    r.feed_eof();
    const std::string& all = co_await to_end;
    EXPECT_EQ(all, "ababab");
  };
  jay::run(main(), in_order());
}

TEST(StreamReader, ReadExactly) {
  auto exactly = [](std::ptrdiff_t n) { return [n](jay::stream_reader& r) { return r.read_exactly(n); }; };
  EXPECT_EQ(after_end("abcdef", exactly(4)), "abcd");
  EXPECT_EQ(after_end("abcdef", exactly(0)), "");
  EXPECT_THROW(after_end("abc", exactly(-1)), std::invalid_argument);
  try {
    after_end("abc", exactly(5));
    FAIL();
  } catch (const jay::incomplete_read_error& e) {
    EXPECT_EQ(e.partial, "abc");
    EXPECT_EQ(e.expected, 5u);
  }
}

TEST(StreamReader, ReadlineGivesLinesAndTheUnfinishedRest) {
  auto main = []() -> jay::task<> {
    jay::stream_reader r;
    r.feed_data("one\ntwo\n\nrest");
    r.feed_eof();
    std::vector<std::string> lines;
    while (auto line = co_await r.next()) lines.push_back(*line);
    EXPECT_EQ(lines, (std::vector<std::string>{"one\n", "two\n", "\n", "rest"}));
    std::string end = co_await r.readline();
    EXPECT_EQ(end, "");
  };
  jay::run(main());
}

TEST(StreamReader, ReadlineBeyondTheLimitIsAnInvalidArgumentAndDropsTheLine) {
  auto main = []() -> jay::task<> {
    jay::stream_reader r(4);
    r.feed_data("too long\nok\n");
    failure f = co_await failure_of(r.readline());
    EXPECT_NE(f.text.find("longer than the reader's limit of 4 bytes"), std::string::npos) << f.text;
    std::string next = co_await r.readline();
    EXPECT_EQ(next, "ok\n");
    r.feed_data("endless without a newline");
    f = co_await failure_of(r.readline());
    EXPECT_NE(f.text.find("limit"), std::string::npos);
    r.feed_data("end\n");
    next = co_await r.readline();
    EXPECT_EQ(next, "end\n");
  };
  jay::run(main());
}

TEST(StreamReader, ReadUntilKeepsTheSeparatorWhateverItsLengthAndWhereverItIsCut) {
  auto main = []() -> jay::task<> {
    for (std::size_t cut = 0; cut <= 8; ++cut) {
      jay::stream_reader r;
      auto reading = jay::create_task(r.read_until("\r\n\r\n"));
      std::string text = "head\r\n\r\nbody";
      r.feed_data(text.substr(0, cut));
      co_await jay::sleep(0s);
      r.feed_data(text.substr(cut));
      const std::string& head = co_await reading;
      EXPECT_EQ(head, "head\r\n\r\n") << cut;
      std::string body = co_await r.read(100);
      EXPECT_EQ(body, "body");
    }
  };
  jay::run(main(), in_order());
}

TEST(StreamReader, ReadUntilReportsOverrunsAndEnds) {
  auto until = [](jay::stream_reader& r) { return r.read_until("#"); };
  try {
    after_end("abcdefgh#", until, 4);
    FAIL();
  } catch (const jay::limit_overrun_error& e) {
    EXPECT_EQ(e.consumed, 8u) << "where the separator stands";
  }
  try {
    after_end("abcdefgh", until, 4);
    FAIL();
  } catch (const jay::limit_overrun_error& e) {
    EXPECT_EQ(e.consumed, 8u) << "none of these bytes begins one";
  }
  try {
    after_end("abc", until, 4);
    FAIL();
  } catch (const jay::incomplete_read_error& e) {
    EXPECT_EQ(e.partial, "abc");
    EXPECT_FALSE(e.expected.has_value());
  }
  EXPECT_EQ(after_end("abcd#", until, 4), "abcd#") << "the limit does not count the separator";
}

TEST(StreamReader, AWrongSizeOrSeparatorIsThrownByTheAwait) {
  auto main = []() -> jay::task<> {
    jay::stream_reader r;
    std::vector<jay::task<std::string>> reads;
    reads.push_back(r.read_exactly(-1));
    reads.push_back(r.read_until(""));
    for (auto& read : reads) {
      bool thrown = false;
      try {
        co_await std::move(read);
      } catch (const std::invalid_argument&) {
        thrown = true;
      }
      EXPECT_TRUE(thrown);
    }
  };
  jay::run(main());
}

TEST(StreamReader, AnOverrunTakesNothing) {
  auto main = []() -> jay::task<> {
    jay::stream_reader r(4);
    r.feed_data("abcdefgh#");
    co_await failure_of(r.read_until("#"));
    std::string all = co_await r.read_exactly(9);
    EXPECT_EQ(all, "abcdefgh#");
  };
  jay::run(main());
}

TEST(StreamReader, AnExceptionEndsTheWaitAndStays) {
  auto main = []() -> jay::task<> {
    jay::stream_reader r;
    auto reading = jay::create_task(failure_of(r.readline()));
    co_await jay::sleep(0s);
    r.set_exception(std::make_exception_ptr(std::logic_error("broken")));
    const failure& f = co_await reading;
    EXPECT_EQ(f.text, "broken");
    failure again = co_await failure_of(r.read(1));
    EXPECT_EQ(again.text, "broken");
    EXPECT_TRUE(r.exception());
  };
  jay::run(main(), in_order());
}

TEST(StreamReader, TwoWaitingAtATimeAreRefused) {
  auto main = []() -> jay::task<> {
    jay::stream_reader r;
    auto first = jay::create_task(r.readline());
    co_await jay::sleep(0s);
    failure f = co_await failure_of(r.read(1));
    EXPECT_NE(f.text.find("already waiting"), std::string::npos) << f.text;
    r.feed_data("x\n");
    const std::string& line = co_await first;
    EXPECT_EQ(line, "x\n");
  };
  jay::run(main(), in_order());
}

TEST(StreamReader, CancelledItLosesNothing) {
  auto main = []() -> jay::task<> {
    jay::stream_reader r;
    auto reading = jay::create_task(r.readline());
    co_await jay::sleep(0s);
    r.feed_data("half");
    co_await jay::sleep(0s);
    reading.cancel();
    auto result = co_await jay::settled(reading);
    EXPECT_TRUE(result.cancelled());
    r.feed_data(" a line\n");
    std::string line = co_await r.readline();
    EXPECT_EQ(line, "half a line\n");
  };
  jay::run(main(), in_order());
}

TEST(StreamReader, RefusesMisuse) {
  EXPECT_THROW(jay::stream_reader(0), std::invalid_argument);
  jay::stream_reader r;
  r.feed_eof();
  EXPECT_THROW(r.feed_data("x"), std::runtime_error);
}

// ---- connections ----

TEST(Stream, LinesThereAndBack) {
  auto main = []() -> jay::task<> {
    auto [left, right] = co_await stream_pair();
    auto& [reader, writer] = left;
    auto& [peer_reader, peer_writer] = right;
    writer.write("hello\n");
    std::array<std::string_view, 3> parts{"a", "b", "c\n"};
    writer.writelines(parts);
    co_await writer.drain();
    std::string one = co_await peer_reader.readline(), two = co_await peer_reader.readline();
    EXPECT_EQ(one + two, "hello\nabc\n");
    writer.write_eof();
    EXPECT_THROW(writer.write("more"), std::runtime_error);
    std::string end = co_await peer_reader.read();
    EXPECT_EQ(end, "");
    peer_writer.write("after your end");
    peer_writer.close();
    co_await peer_writer.wait_closed();
    EXPECT_TRUE(peer_writer.is_closing());
    std::string back = co_await reader.read();
    EXPECT_EQ(back, "after your end");
    EXPECT_TRUE(reader.at_eof());
  };
  jay::run(main());
}

TEST(Stream, ExtraInfo) {
  auto main = []() -> jay::task<> {
    auto [left, right] = co_await stream_pair();
    EXPECT_EQ(left.second.get_extra_info("peername"), right.second.get_extra_info("sockname"));
    EXPECT_TRUE(left.second.get_extra_info("socket").has_value());
    EXPECT_FALSE(left.second.get_extra_info("cipher").has_value());
  };
  jay::run(main());
}

TEST(Stream, ASlowReaderSlowsTheWriterAndLosesNothing) {
  auto main = []() -> jay::task<> {
    auto [left, right] = co_await stream_pair();
    jay::stream_writer& writer = left.second;
    const std::string data = pattern(12'000'000);
    auto writing = jay::create_task([&]() -> jay::task<std::size_t> {
      std::size_t most = 0;
      for (std::size_t at = 0; at < data.size(); at += 100'000) {
        writer.write(std::string_view(data).substr(at, 100'000));
        most = std::max(most, writer.write_buffer_size());
        co_await writer.drain();
      }
      writer.write_eof();
      co_return most;
    });
    co_await jay::sleep(0s);
    EXPECT_FALSE(writing.done()) << "nobody reads yet";
    std::string got;
    for (std::size_t step = 1;; step = step % 7000 + 13) {
      std::string part = co_await right.first.read(static_cast<std::ptrdiff_t>(step));
      if (part.empty()) break;
      got += part;
    }
    EXPECT_TRUE(got == data);
    std::size_t most = co_await writing;
    EXPECT_LE(most, 64u * 1024 + 100'000);
  };
  jay::run(main());
}

TEST(Stream, DrainWaitsFromTheHighToTheLowWaterMark) {
  auto main = []() -> jay::task<> {
    auto [left, right] = co_await stream_pair();
    jay::stream_writer& writer = left.second;
    EXPECT_THROW(writer.set_write_buffer_limits(1, 2), std::invalid_argument);
    writer.set_write_buffer_limits(0, 0);
    const std::string data = pattern(20'000'000);
    writer.write(data);
    EXPECT_GT(writer.write_buffer_size(), 0u);
    auto draining = jay::create_task(writer.drain());
    auto also = jay::create_task(writer.drain());
    co_await jay::sleep(0s);
    EXPECT_FALSE(draining.done());
    std::string got = co_await right.first.read_exactly(20'000'000);
    EXPECT_TRUE(got == data);
    co_await draining;
    co_await also;
    EXPECT_EQ(writer.write_buffer_size(), 0u);
  };
  jay::run(main(), in_order());
}

TEST(Stream, WhatWasWrittenIsSentAlsoWhenTheWriterIsDestroyed) {
  auto main = []() -> jay::task<> {
    auto [left, right] = co_await stream_pair();
    const std::string data = pattern(20'000'000);
    {
      auto [reader, writer] = std::move(left);
      writer.write(data);
    }
    std::string got = co_await right.first.read();
    EXPECT_TRUE(got == data);
  };
  jay::run(main());
}

TEST(Stream, WritersAtTheSameTimeDoNotSplitEachOthersWrites) {
  auto main = []() -> jay::task<> {
    auto [left, right] = co_await stream_pair();
    jay::stream_writer& writer = left.second;
    auto write = [](jay::stream_writer& w, char mark) -> jay::task<> {
      std::string line(999, mark);
      line += '\n';
      for (int i = 0; i < 300; ++i) {
        w.write(line);
        co_await w.drain();
      }
    };
    std::vector<jay::task<>> all;
    for (int i = 0; i < 8; ++i) all.push_back(write(writer, static_cast<char>('a' + i)));
    auto writing = jay::create_task(jay::gather(std::move(all)));
    int whole = 0;
    for (int i = 0; i < 8 * 300; ++i) {
      std::string line = co_await right.first.readline();
      whole += line.size() == 1000 && line.find_first_not_of(line[0]) == 999;
    }
    EXPECT_EQ(whole, 8 * 300);
    co_await writing;
  };
  jay::run(main(), with_workers(4));
}

TEST(Stream, AResetReachesTheReaderAndDrain) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    auto [reader, writer] = streams_of(std::move(a));
    std::string peer = writer.peer_address().to_string();
    reset(b);
    failure f = co_await failure_of(reader.read());
    EXPECT_EQ(f.code, ECONNRESET);
    EXPECT_EQ(f.text, "read from " + peer + ": Connection reset by peer");
    EXPECT_TRUE(reader.exception());
    writer.write("x");
    writer.write("dropped");
    f = co_await failure_of(writer.drain());
    EXPECT_EQ(f.code, ECONNRESET);
    EXPECT_EQ(f.text, "write to " + peer + ": Connection reset by peer");
    writer.close();
    f = co_await failure_of(writer.wait_closed());
    EXPECT_EQ(f.code, ECONNRESET);
  };
  jay::run(main());
}

TEST(Stream, AResetEndsADrainThatWaits) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    auto [reader, writer] = streams_of(std::move(a));
    writer.write(pattern(20'000'000));
    auto draining = jay::create_task(failure_of(writer.drain()));
    co_await jay::sleep(0s);
    EXPECT_FALSE(draining.done());
    reset(b);
    const failure& f = co_await draining;
    EXPECT_TRUE(f.code == ECONNRESET || f.code == EPIPE) << f.text;
  };
  jay::run(main(), in_order());
}

TEST(Stream, AbortDropsWhatIsBuffered) {
  auto main = []() -> jay::task<> {
    auto [left, right] = co_await stream_pair();
    jay::stream_writer& writer = left.second;
    writer.write(pattern(20'000'000));
    auto draining = jay::create_task(failure_of(writer.drain()));
    auto closing = jay::create_task(writer.wait_closed());
    co_await jay::sleep(0s);
    EXPECT_FALSE(closing.done());
    writer.abort();
    const failure& f = co_await draining;
    EXPECT_NE(f.text.find("is closed"), std::string::npos) << f.text;
    co_await closing;
    writer.write("dropped");
    failure again = co_await failure_of(writer.drain());
    EXPECT_EQ(again.code, ENOTCONN);
  };
  jay::run(main(), in_order());
}

TEST(Stream, ClosingTheWriterEndsItsReader) {
  auto main = []() -> jay::task<> {
    auto [left, right] = co_await stream_pair();
    auto reading = jay::create_task(left.first.read());
    co_await jay::sleep(0s);
    left.second.close();
    const std::string& got = co_await reading;
    EXPECT_EQ(got, "");
    EXPECT_TRUE(left.first.at_eof());
  };
  jay::run(main(), in_order());
}

TEST(Stream, CancelledReadsAndDrainsLeaveTheConnectionWhole) {
  auto main = []() -> jay::task<> {
    auto [left, right] = co_await stream_pair();
    left.second.write(pattern(10'000'000));
    auto draining = jay::create_task(left.second.drain());
    auto reading = jay::create_task(left.first.readline());
    co_await jay::sleep(0s);
    draining.cancel();
    reading.cancel();
    auto d = co_await jay::settled(draining);
    auto r = co_await jay::settled(reading);
    EXPECT_TRUE(d.cancelled());
    EXPECT_TRUE(r.cancelled());
    std::string got = co_await right.first.read_exactly(10'000'000);
    EXPECT_TRUE(got == pattern(10'000'000));
    right.second.write("line\n");
    std::string line = co_await left.first.readline();
    EXPECT_EQ(line, "line\n");
  };
  jay::run(main(), in_order());
}

TEST(Stream, ARefusedConnectionSaysWhere) {
  auto main = []() -> jay::task<> {
    std::uint16_t port;
    {
      jay::socket listener = jay::socket::listen(loopback());
      port = listener.local_address().port();
    }
    failure f = co_await failure_of(jay::open_connection("127.0.0.1", port));
    EXPECT_EQ(f.text, "connect 127.0.0.1:" + std::to_string(port) + ": Connection refused");
    f = co_await failure_of(jay::open_unix_connection("/nonexistent/socket"));
    EXPECT_EQ(f.text, "connect unix:/nonexistent/socket: No such file or directory");
    f = co_await failure_of(jay::open_unix_connection(std::string(200, 'x')));
    EXPECT_EQ(f.code, ENAMETOOLONG);
  };
  jay::run(main());
}

TEST(Stream, WhatIsStillBeingSentWhenTheRuntimeEndsIsClosedWithIt) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    auto [reader, writer] = streams_of(std::move(a));
    writer.write(pattern(20'000'000));
    co_return;  // the writer closes gracefully, but nobody reads
  };
  for (int i = 0; i < 3; ++i) jay::run(main());
}

}  // namespace
