// SPDX-License-Identifier: MIT
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "tests/differential/programs/programs.hpp"

namespace {

using namespace jay::differential::programs;

/// One end of a connected pair.
class end_of_pair {
 public:
  explicit end_of_pair(int fd) noexcept : fd_(fd) {}
  end_of_pair(end_of_pair&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  ~end_of_pair() { close(); }
  operator int() const noexcept { return fd_; }
  std::string receive(std::size_t n) const {
    std::array<char, 64> buffer;
    const ssize_t got = ::recv(fd_, buffer.data(), n, 0);
    if (got < 0) throw std::system_error(errno, std::generic_category(), "recv");
    return std::string(buffer.data(), static_cast<std::size_t>(got));
  }
  void send(std::string_view s) const { EXPECT_EQ(::send(fd_, s.data(), s.size(), 0), static_cast<ssize_t>(s.size())); }
  void close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};
std::pair<end_of_pair, end_of_pair> pair() {
  int fds[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  return {end_of_pair(fds[0]), end_of_pair(fds[1])};
}

PROGRAM(Descriptors, AReaderIsCalledWhenThereIsSomethingToRead) {
  jay::event_loop& loop = jay::get_event_loop();
  auto ends = pair();
  auto& [ours, theirs] = ends;
  using what_came = std::vector<std::string>;
  auto [promise, came] = jay::with_resolvers<what_came>();
  auto read = [p = promise, &from = ours](const std::string& what) { p.set_result(what_came{what, from.receive(10)}); };
  loop.add_reader(ours, read, std::string("reads"));
  co_await turns(2);
  say(came.done());
  theirs.send("hello");
  what_came all = co_await came;
  say(all);
  loop.remove_reader(ours);
}

PROGRAM(Descriptors, AReaderIsCalledAgainAsLongAsSomethingIsLeft) {
  jay::event_loop& loop = jay::get_event_loop();
  auto ends = pair();
  auto& [ours, theirs] = ends;
  jay::event done;
  std::vector<std::string> got;
  theirs.send("abc");
  loop.add_reader(ours, [&loop, &done, &got, &from = ours] {
    got.push_back(from.receive(1));
    if (got.size() < 3) return;
    loop.remove_reader(from);
    done.set();
  });
  co_await done.wait();
  say(got);
}

PROGRAM(Descriptors, ASecondReaderTakesThePlaceOfTheFirst) {
  jay::event_loop& loop = jay::get_event_loop();
  auto ends = pair();
  auto& [ours, theirs] = ends;
  jay::event done;
  loop.add_reader(ours, [] { say("never"); });
  loop.add_reader(ours, [&done, &from = ours] {
    say("second", from.receive(10));
    done.set();
  });
  theirs.send("x");
  co_await done.wait();
  const bool first = loop.remove_reader(ours), second = loop.remove_reader(ours);
  say(first, second);
}

PROGRAM(Descriptors, AReaderThatWasRemovedIsNotCalled) {
  jay::event_loop& loop = jay::get_event_loop();
  auto ends = pair();
  auto& [ours, theirs] = ends;
  theirs.send("x");
  loop.add_reader(ours, [] { say("never"); });
  say(loop.remove_reader(ours));
  co_await jay::sleep(10ms);
}

PROGRAM(Descriptors, AReaderIsToldOfTheEnd) {
  jay::event_loop& loop = jay::get_event_loop();
  auto ends = pair();
  auto& [ours, theirs] = ends;
  jay::event done;
  loop.add_reader(ours, [&loop, &done, &from = ours] {
    say("read", from.receive(10).size());
    loop.remove_reader(from);
    done.set();
  });
  theirs.close();
  co_await done.wait();
}

PROGRAM(Descriptors, AWriterIsCalledWhenThereIsRoom) {
  jay::event_loop& loop = jay::get_event_loop();
  auto ends = pair();
  auto& [ours, theirs] = ends;
  jay::event done;
  int n = 0;
  loop.add_writer(ours, [&] {
    if (++n == 3) done.set();
  });
  co_await done.wait();
  const bool first = loop.remove_writer(ours), second = loop.remove_writer(ours);
  say(first, second, n >= 3);
}

PROGRAM(Descriptors, AReaderAndAWriterOfOneDescriptorDoNotDisturbEachOther) {
  jay::event_loop& loop = jay::get_event_loop();
  auto ends = pair();
  auto& [ours, theirs] = ends;
  jay::event done;
  loop.add_reader(ours, [&loop, &done, &from = ours] {
    const std::string got = from.receive(10);
    say("read", got, loop.remove_reader(from));
    done.set();
  });
  loop.add_writer(ours, [&loop, &to = ours] {
    to.send("ping");
    say("written", loop.remove_writer(to));
  });
  loop.add_reader(theirs, [&loop, &other = theirs] {
    other.send(other.receive(10));
    loop.remove_reader(other);
  });
  co_await done.wait();
}

PROGRAM(Descriptors, AReaderThatThrowsIsToldToTheHandler) {
  jay::event_loop& loop = jay::get_event_loop();
  auto ends = pair();
  auto& [ours, theirs] = ends;
  jay::event done;
  loop.set_exception_handler([](const jay::exception_context& c) { say("handler", c.exception); });
  theirs.send("x");
  loop.add_reader(ours, [&loop, &done, &from = ours] {
    loop.remove_reader(from);
    loop.call_soon([&done] { done.set(); });
    throw oops("in a reader");
  });
  co_await done.wait();
}

LOOP_PROGRAM(Descriptors, AClosedLoopTakesNoReader) {
  auto ends = pair();
  jay::event_loop loop(in_order());
  loop.close();
  auto reads = [&] { loop.add_reader(ends.first, [] {}); };
  auto writes = [&] { loop.add_writer(ends.first, [] {}); };
  say(outcome_of_call(reads), outcome_of_call(writes));
}

}  // namespace
