// SPDX-License-Identifier: MIT
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/differential/programs/programs.hpp"

namespace {

using namespace jay::differential::programs;

jay::stream_reader fed(std::string_view data, bool end = true, std::size_t limit = 65536) {
  jay::stream_reader reader(limit);
  reader.feed_data(data);
  if (end) reader.feed_eof();
  return reader;
}
/// Without its end.
std::string stripped(std::string line) {
  while (line.ends_with('\n')) line.pop_back();
  return line;
}

PROGRAM(Streams, AReadGivesWhatIsThereAndThenTheEnd) {
  jay::stream_reader reader = fed("hello");
  std::string first = co_await reader.read(2);
  std::string second = co_await reader.read(100);
  std::string third = co_await reader.read(100);
  say(first, second, third.size(), reader.at_eof());
}

PROGRAM(Streams, AReadOfAllWaitsForTheEnd) {
  jay::stream_reader reader = fed("a", false);
  auto task = jay::create_task(reader.read());
  co_await turns(2);
  reader.feed_data("b");
  co_await turns(2);
  say(task.done());
  reader.feed_eof();
  std::string all = co_await task;
  say(all);
}

PROGRAM(Streams, AReadOfNothingGivesNothing) {
  jay::stream_reader reader = fed("x", false);
  std::string nothing = co_await reader.read(0);
  say(nothing.size(), reader.at_eof());
}

PROGRAM(Streams, AtEofIsSaidWhenEverythingWasRead) {
  jay::stream_reader reader = fed("x");
  say(reader.at_eof());
  co_await reader.read(1);
  say(reader.at_eof());
}

PROGRAM(Streams, AnExactReadWaitsForAllItsBytes) {
  jay::stream_reader reader = fed("ab", false);
  auto task = jay::create_task(reader.read_exactly(4));
  co_await turns(2);
  say(task.done());
  reader.feed_data("cde");
  std::string four = co_await task;
  std::string rest = co_await reader.read(10);
  say(four, rest);
}

PROGRAM(Streams, AnExactReadThatTheEndCutsShortSaysWhatCame) {
  jay::stream_reader reader = fed("abc");
  auto end = co_await outcome(reader.read_exactly(5));
  say(end);
}

PROGRAM(Streams, AnExactReadOfFewerThanNoneIsAValueError) {
  jay::stream_reader reader = fed("abc");
  auto end = co_await outcome(reader.read_exactly(-1));
  std::string none = co_await reader.read_exactly(0);
  say(end, none.size());
}

PROGRAM(Streams, LinesComeOneByOne) {
  jay::stream_reader reader = fed("one\ntwo\nrest");
  std::string first = co_await reader.readline();
  std::string second = co_await reader.readline();
  std::string third = co_await reader.readline();
  say(stripped(first), stripped(second), third);
  std::string none = co_await reader.readline();
  say(none.size());
}

PROGRAM(Streams, ALineOverTheLimitIsAValueError) {
  jay::stream_reader reader = fed("0123456789\n", true, 4);
  auto end = co_await outcome(reader.readline());
  say(end);
}

PROGRAM(Streams, AsyncForGivesTheLines) {
  jay::stream_reader reader = fed("one\ntwo\nrest");
  while (auto line = co_await reader.next()) say(stripped(*line));
}

PROGRAM(Streams, AReadUpToASeparatorGivesItToo) {
  jay::stream_reader reader = fed("key: value; rest");
  std::string first = co_await reader.read_until(": ");
  std::string second = co_await reader.read_until(";");
  say(first, second);
}

PROGRAM(Streams, ASeparatorMayComeInPieces) {
  jay::stream_reader reader = fed("head\r", false);
  auto task = jay::create_task(reader.read_until("\r\n"));
  co_await turns(2);
  say(task.done());
  reader.feed_data("\nbody");
  std::string head = co_await task;
  std::string rest = co_await reader.read(10);
  say(head.size(), rest);
}

PROGRAM(Streams, ASeparatorThatNeverComesSaysWhatCame) {
  jay::stream_reader reader = fed("no end");
  auto end = co_await outcome(reader.read_until("\n"));
  say(end, reader.at_eof());
}

PROGRAM(Streams, AnEmptySeparatorIsAValueError) {
  jay::stream_reader reader = fed("x");
  auto end = co_await outcome(reader.read_until(""));
  say(end);
}

PROGRAM(Streams, ASeparatorBeyondTheLimitIsAnOverrunAndTakesNothing) {
  jay::stream_reader reader = fed("0123456789\nrest", true, 4);
  auto end = co_await outcome(reader.read_until("\n"));
  say(end);
  std::string five = co_await reader.read_exactly(5);
  say(five);
}

PROGRAM(Streams, NoSeparatorWithinTheLimitIsAnOverrun) {
  jay::stream_reader one = fed("0123456789", false, 4);
  auto end = co_await outcome(one.read_until("\n"));
  say(end);
  jay::stream_reader three = fed("0123456789", false, 4);
  end = co_await outcome(three.read_until("abc"));
  say(end);
}

PROGRAM(Streams, AnErrorOfTheConnectionIsThrownByEachRead) {
  jay::stream_reader reader;
  auto task = jay::create_task(reader.read(1));
  co_await turns(2);
  reader.set_exception(std::make_exception_ptr(oops("cut")));
  auto first = co_await outcome(task);
  auto second = co_await outcome(reader.readline());
  say(first, second, reader.exception());
}

PROGRAM(Streams, TwoReadsAtATimeAreARuntimeError) {
  jay::stream_reader reader;
  auto task = jay::create_task(reader.read(1));
  co_await turns(2);
  auto end = co_await outcome(reader.read(1));
  say(end);
  reader.feed_data("x");
  std::string value = co_await task;
  say(value);
}

PROGRAM(Streams, ACancelledReadLosesNothing) {
  jay::stream_reader reader;
  auto task = jay::create_task(reader.read_exactly(4));
  co_await turns(2);
  reader.feed_data("ab");
  co_await turns(2);
  task.cancel();
  auto end = co_await outcome(task);
  say(end);
  reader.feed_data("cd");
  std::string all = co_await reader.read_exactly(4);
  say(all);
}

// ---- over loopback

jay::task<> echo(jay::stream_reader reader, jay::stream_writer writer) {
  for (;;) {
    std::string line = co_await reader.readline();
    if (line.empty()) break;
    writer.write(line);
    co_await writer.drain();
  }
  writer.close();
}

PROGRAM(Streams, AServerAnswersEachClient) {
  jay::server server = co_await jay::start_server(echo, "127.0.0.1", 0);
  for (const char* name : {"one\n", "two\n"}) {
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", server.port());
    writer.write(name);
    co_await writer.drain();
    std::string line = co_await reader.readline();
    say(stripped(line));
    writer.close();
    co_await writer.wait_closed();
    say(writer.is_closing());
  }
  say(server.is_serving());
  server.close();
  co_await server.wait_closed();
  say(server.is_serving());
}

PROGRAM(Streams, TheEndThatAClientWritesIsReadAndAnswered) {
  auto counts = [](jay::stream_reader reader, jay::stream_writer writer) -> jay::task<> {
    std::string all = co_await reader.read();
    writer.write(std::to_string(all.size()));
    writer.close();
  };
  jay::server server = co_await jay::start_server(counts, "127.0.0.1", 0);
  auto [reader, writer] = co_await jay::open_connection("127.0.0.1", server.port());
  const std::array<std::string_view, 2> parts{"abc", "defg"};
  writer.writelines(parts);
  say(writer.can_write_eof());
  writer.write_eof();
  std::string answer = co_await reader.read();
  say(answer, reader.at_eof());
  writer.close();
  co_await writer.wait_closed();
  server.close();
}

PROGRAM(Streams, AServerThatClosesTheConnectionEndsTheRead) {
  auto hangs_up = [](jay::stream_reader, jay::stream_writer writer) -> jay::task<> {
    writer.write("bye");
    writer.close();
    co_return;
  };
  jay::server server = co_await jay::start_server(hangs_up, "127.0.0.1", 0);
  auto [reader, writer] = co_await jay::open_connection("127.0.0.1", server.port());
  auto end = co_await outcome(reader.read_exactly(10));
  say(end, reader.at_eof());
  writer.close();
  server.close();
}

PROGRAM(Streams, AClosedServerTakesNoConnection) {
  jay::server server = co_await jay::start_server(echo, "127.0.0.1", 0);
  const std::uint16_t port = server.port();
  server.close();
  co_await server.wait_closed();
  std::string end;
  try {
    co_await jay::open_connection("127.0.0.1", port);
  } catch (...) {
    end = error(std::current_exception());
  }
  say(end);
}

PROGRAM(Streams, ACancelledServeForeverClosesTheServer) {
  jay::server server = co_await jay::start_server(echo, "127.0.0.1", 0);
  auto task = jay::create_task(server.serve_forever());
  co_await turns(3);
  say(server.is_serving());
  task.cancel();
  auto end = co_await outcome(task);
  say(end, server.is_serving());
}

PROGRAM(Streams, MuchDataPassesWhole) {
  static const std::string part = [] {
    std::string s;
    for (int i = 0; i < 1024; ++i) s += "0123456789abcdef";
    return s;
  }();
  auto sends = [](jay::stream_reader, jay::stream_writer writer) -> jay::task<> {
    for (int i = 0; i < 64; ++i) {
      writer.write(part);
      co_await writer.drain();
    }
    writer.close();
  };
  jay::server server = co_await jay::start_server(sends, "127.0.0.1", 0);
  auto [reader, writer] = co_await jay::open_connection("127.0.0.1", server.port());
  std::string data = co_await reader.read();
  std::string all;
  for (int i = 0; i < 64; ++i) all += part;
  say(data.size(), data == all);
  writer.close();
  server.close();
}

}  // namespace
