// SPDX-License-Identifier: MIT
// The network of jay::testing::run: sockets, streams and servers in virtual time, by a seed.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <jay/jay.hpp>
#include <jay/testing.hpp>

#include "tests/support/net.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tests/support/worker_counts.hpp"

using namespace std::chrono_literals;
using namespace jay::testing;

namespace {

jay::time_point now() { return jay::get_event_loop().time(); }

options on(network_options n) { return options().network(std::move(n)); }
/// Nothing is drawn but the way.
network_options whole() { return network_options().short_reads(0).short_writes(0); }
network_options exact(std::chrono::nanoseconds latency) { return whole().latency(latency, latency); }

/// Who has done what, and when.
class trace {
 public:
  void operator()(const std::string& what) {
    text_ += std::to_string((now() - jay::time_point()).count()) + " " + what + "\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

jay::task<> echo(jay::stream_reader reader, jay::stream_writer writer) {
  for (;;) {
    std::string line = co_await reader.readline();
    if (line.empty()) co_return;
    writer.write(line);
    co_await writer.drain();
  }
}

jay::task<> echoed(trace& t, int client, int lines) {
  auto [reader, writer] = co_await jay::open_connection("127.0.0.1", 7);
  for (int i = 0; i < lines; ++i) {
    const std::string sent = std::to_string(client) + " says " + std::to_string(i) + "\n";
    writer.write(sent);
    std::string got = co_await reader.readline();
    EXPECT_EQ(got, sent);
    t(got);
  }
}

jay::task<std::string> many_clients(int n, int lines) {
  trace t;
  jay::server s = co_await jay::start_server(echo, "127.0.0.1", 7);
  std::vector<jay::task<>> clients;
  for (int i = 0; i < n; ++i) clients.push_back(echoed(t, i, lines));
  co_await jay::gather(std::move(clients));
  s.close();
  co_await s.wait_closed();
  co_return t.text();
}

TEST(SimulatedNetwork, AServerAnswersAHundredClientsUnderTwoHundredSeeds) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    seen.insert(jay::testing::run(many_clients(100, 1), seed));
  }
  EXPECT_EQ(seen.size(), 200u);
}

TEST(SimulatedNetwork, TheSameSeedGivesTheSameTrace) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::string first = jay::testing::run(many_clients(20, 3), seed);
    EXPECT_EQ(jay::testing::run(many_clients(20, 3), seed), first) << "seed " << seed;
  }
}

// ---- pieces ----

using sockets = std::pair<jay::socket, jay::socket>;

/// What one write of `size` bytes comes as.
jay::task<std::vector<std::size_t>> pieces_of(std::size_t size) {
  auto [a, b] = co_await tcp_pair();
  const std::string sent = pattern(size);
  auto writes = [](jay::socket& s, const std::string& text) -> jay::task<> {
    co_await s.write_all(jay::bytes_of(text));
    s.close();
  };
  auto writing = jay::create_task(writes, std::ref(a), std::cref(sent));
  std::vector<std::size_t> pieces;
  std::string got;
  for (std::vector<std::byte> buffer(size + 1);;) {
    std::size_t n = co_await b.read_some(buffer);
    if (n == 0) break;
    got.append(reinterpret_cast<const char*>(buffer.data()), n);
    pieces.push_back(n);
  }
  co_await writing;
  EXPECT_EQ(got, sent);
  co_return pieces;
}

TEST(SimulatedNetwork, AReadMayEndAtEveryByte) {
  std::set<std::size_t> first;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    auto pieces = jay::testing::run(pieces_of(10), seed, on(network_options().short_writes(0).short_reads(1)));
    first.insert(pieces.front());
  }
  EXPECT_EQ(first, (std::set<std::size_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(SimulatedNetwork, AWriteMayEndAtEveryByte) {
  std::set<std::size_t> first;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    auto pieces = jay::testing::run(pieces_of(10), seed, on(network_options().short_writes(1).short_reads(0)));
    first.insert(pieces.front());
  }
  EXPECT_EQ(first, (std::set<std::size_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(SimulatedNetwork, WithoutShortReadsAndWritesAMessageComesWhole) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    EXPECT_EQ(jay::testing::run(pieces_of(10), seed, on(whole())), (std::vector<std::size_t>{10}));
}

TEST(SimulatedNetwork, ShortReadsComeByDefault) {
  int cut = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) cut += jay::testing::run(pieces_of(10), seed).size() > 1;
  EXPECT_GT(cut, 5);
}

/// A client that takes what one read gives for a message.
jay::task<> believes_in_messages() {
  auto answers = [](jay::stream_reader reader, jay::stream_writer writer) -> jay::task<> {
    std::string request = co_await reader.readline();
    writer.write("length of " + request);
  };
  jay::server s = co_await jay::start_server(answers, "127.0.0.1", 7);
  auto [reader, writer] = co_await jay::open_connection("127.0.0.1", 7);
  writer.write("request\n");
  std::string answer = co_await reader.read(1000);
  if (answer != "length of request\n") throw std::runtime_error("not an answer: '" + answer + "'");
}

TEST(SimulatedNetwork, ASeedFindsAClientThatTakesAReadForAMessageAndReplaysIt) {
  std::map<std::uint64_t, std::string> failed;
  ::testing::internal::CaptureStderr();
  for (int again = 0; again < 2; ++again)
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      std::string why;
      try {
        jay::testing::run(believes_in_messages(), seed);
      } catch (const std::runtime_error& e) {
        why = e.what();
      }
      if (again == 0) failed[seed] = why;
      EXPECT_EQ(why, failed[seed]) << "seed " << seed;
    }
  const std::string said = ::testing::internal::GetCapturedStderr();
  std::erase_if(failed, [](const auto& f) { return f.second.empty(); });
  EXPECT_GT(failed.size(), 5u);
  EXPECT_LT(failed.size(), 50u);
  for (const auto& [seed, why] : failed) {
    const std::string number = std::to_string(seed);
    EXPECT_NE(said.find("failed with seed " + number + ", which JAY_TEST_SEED=" + number + " runs again: " + why), said.npos) << said;
  }
}

// ---- time ----

TEST(SimulatedNetwork, AConnectTakesTheWayThereAndBack) {
  auto body = []() -> jay::task<> {
    jay::socket listener = jay::socket::listen(loopback(7));
    const jay::time_point begun = now();
    jay::socket a = co_await jay::socket::connect(loopback(7));
    EXPECT_EQ(now() - begun, 2h);
    jay::socket b = co_await listener.accept();
    co_await a.write_all(jay::bytes_of("x"));
    EXPECT_EQ(now() - begun, 2h);
    std::array<std::byte, 8> buffer;
    std::size_t n = co_await b.read_some(buffer);
    EXPECT_EQ(n, 1u);
    EXPECT_EQ(now() - begun, 3h);
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) jay::testing::run(body(), seed, on(exact(1h)));
}

TEST(SimulatedNetwork, ASlowAnswerTimesOutAndTakesNoTime) {
  auto slow = [](jay::stream_reader reader, jay::stream_writer writer) -> jay::task<> {
    std::string line = co_await reader.readline();
    co_await jay::sleep(48h);
    writer.write(line);
    std::string end = co_await reader.readline();
    EXPECT_EQ(end, "");
  };
  auto body = [&]() -> jay::task<> {
    jay::server s = co_await jay::start_server(slow, "127.0.0.1", 7);
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", 7);
    writer.write("a question\n");
    const jay::time_point begun = now();
    const std::string timed_out = jay::timeout_error().what();
    std::string thrown = co_await what_is_thrown(jay::wait_for(reader.readline(), 24h));
    EXPECT_EQ(thrown, timed_out);
    EXPECT_EQ(now() - begun, 24h);
    std::string answer = co_await reader.readline();
    EXPECT_EQ(answer, "a question\n");
    EXPECT_GT(now() - begun, 48h);
    writer.close();
    s.close();
    co_await s.wait_closed();
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) jay::testing::run(body(), seed);
}

TEST(SimulatedNetwork, BytesOfOneConnectionNeverOvertakeEachOther) {
  auto body = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    const std::string sent = pattern(5000);
    for (char c : sent) co_await a.write_all(jay::bytes_of(std::string_view(&c, 1)));
    a.shutdown(jay::shutdown_how::write);
    std::string got;
    for (std::array<std::byte, 512> buffer;;) {
      std::size_t n = co_await b.read_some(buffer);
      if (n == 0) break;
      got.append(reinterpret_cast<const char*>(buffer.data()), n);
    }
    EXPECT_TRUE(got == sent);
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed)
    jay::testing::run(body(), seed, on(network_options().latency(0ns, 1s)));
}

// ---- what breaks ----

TEST(SimulatedNetwork, NobodyListensIsRefused) {
  auto body = []() -> jay::task<> {
    failure f = co_await failure_of(jay::open_connection("10.0.0.9", 80));
    EXPECT_EQ(f.code, ECONNREFUSED);
    EXPECT_EQ(f.text, "connect 10.0.0.9:80: Connection refused");
    f = co_await failure_of(jay::open_unix_connection("/nowhere"));
    EXPECT_EQ(f.code, ENOENT);
  };
  jay::testing::run(body(), 1);
}

TEST(SimulatedNetwork, TwoListenersAtOneAddressAreRefusedUnlessTheySayThatTheyShareIt) {
  auto body = []() -> jay::task<> {
    jay::socket first = jay::socket::listen(loopback(7));
    EXPECT_TRUE(first.is_listening());
    auto listens = []() -> jay::task<> {
      jay::socket second = jay::socket::listen(loopback(7));
      co_return;
    };
    failure f = co_await failure_of(listens());
    EXPECT_EQ(f.code, EADDRINUSE) << f.text;
    first.close();
    auto share = jay::listen_options().reuse_port();
    jay::socket a = jay::socket::listen(loopback(7), share);
    jay::socket b = jay::socket::listen(loopback(7), share);
    EXPECT_TRUE(b.is_listening());
  };
  jay::testing::run(body(), 1);
}

/// Lines until the connection breaks or ends.
jay::task<> reads_to_the_break(jay::stream_reader reader, std::size_t& lines, int& code) {
  try {
    for (;;) {
      std::string line = co_await reader.read_until("\n");
      EXPECT_EQ(line, "a line\n");
      ++lines;
    }
  } catch (const std::system_error& e) {
    code = e.code().value();
  }
}

TEST(SimulatedNetwork, AResetInTheMiddleIsAnErrorAtTheReaderAndNeverAnEnd) {
  auto body = [](std::set<std::size_t>& seen) -> jay::task<> {
    std::size_t lines = 0;
    int code = 0;
    auto counts = [&](jay::stream_reader reader, jay::stream_writer) -> jay::task<> {
      co_await reads_to_the_break(std::move(reader), lines, code);
    };
    jay::server s = co_await jay::start_server(counts, "127.0.0.1", 7);
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", 7);
    int written = 0;
    failure f;
    while (f.code == 0) {
      writer.write("a line\n");
      ++written;
      co_await jay::sleep(10ms);
      f = co_await failure_of(writer.drain());
    }
    EXPECT_TRUE(f.code == ECONNRESET) << f.text;
    for (int i = 0; i < 2; ++i) {
      failure read = co_await failure_of(reader.read(1));
      EXPECT_EQ(read.code, ECONNRESET) << read.text;
    }
    EXPECT_FALSE(reader.at_eof());
    writer.abort();
    s.close();
    co_await s.wait_closed();
    EXPECT_EQ(code, ECONNRESET);
    EXPECT_LT(lines, static_cast<std::size_t>(written));
    seen.insert(lines);
  };
  std::set<std::size_t> seen;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    jay::testing::run(body(seen), seed, on(network_options().resets(0.1)));
  }
  EXPECT_GT(seen.size(), 10u);
}

TEST(SimulatedNetwork, AnEndThatWasNotReadIsAReset) {
  auto body = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    co_await a.write_all(jay::bytes_of("not read"));
    co_await jay::sleep(1s);
    b.close();
    std::array<std::byte, 8> buffer;
    failure f = co_await failure_of(a.read_some(buffer));
    EXPECT_EQ(f.code, ECONNRESET);
    EXPECT_EQ(f.text.substr(0, 9), "read from");
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) jay::testing::run(body(), seed);
}

TEST(SimulatedNetwork, WhatIsSentToAClosedPeerFailsByEPIPEWhenTheEndHasCome) {
  auto body = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    b.close();
    co_await jay::sleep(1s);
    co_await a.write_some(jay::bytes_of("in vain"));
    co_await jay::sleep(1s);
    failure f = co_await failure_of(a.write_some(jay::bytes_of("in vain")));
    EXPECT_EQ(f.code, EPIPE) << f.text;
    std::array<std::byte, 8> buffer;
    std::size_t n = co_await a.read_some(buffer);
    EXPECT_EQ(n, 0u);
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) jay::testing::run(body(), seed);
}

TEST(SimulatedNetwork, AListenerThatClosesResetsWhoWasNotAccepted) {
  auto body = []() -> jay::task<> {
    jay::socket listener = jay::socket::listen(loopback(7));
    jay::socket a = co_await jay::socket::connect(loopback(7));
    listener.close();
    std::array<std::byte, 8> buffer;
    failure f = co_await failure_of(a.read_some(buffer));
    EXPECT_EQ(f.code, ECONNRESET) << f.text;
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) jay::testing::run(body(), seed);
}

// ---- cancels ----

TEST(SimulatedNetwork, ACancelEndsEveryWait) {
  auto cancelled = [](auto task) -> jay::task<> {
    auto h = jay::create_task(std::move(task));
    co_await jay::sleep(1ms);
    h.cancel();
    auto r = co_await jay::settled(std::move(h));
    EXPECT_TRUE(r.cancelled());
  };
  auto body = [&]() -> jay::task<> {
    jay::socket listener = jay::socket::listen(loopback(7));
    co_await cancelled(jay::open_connection("127.0.0.1", 7));      // on its way there
    co_await cancelled(jay::open_connection("a.example", 7));      // its name is looked up
    co_await cancelled(listener.accept());
    auto connecting = jay::create_task(jay::socket::connect(loopback(7)));
    co_await jay::sleep(15ms);                                     // the answer is on its way
    connecting.cancel();
    auto r = co_await jay::settled(std::move(connecting));
    EXPECT_TRUE(r.cancelled());
    jay::socket left = co_await listener.accept();
    std::array<std::byte, 8> buffer;
    std::size_t n = co_await left.read_some(buffer);               // it was closed
    EXPECT_EQ(n, 0u);
    auto [a, b] = co_await tcp_pair();
    co_await cancelled(a.read_some(buffer));
    const std::string much(200'000, 'x');
    co_await cancelled(a.write_all(jay::bytes_of(much)));
    co_await jay::sleep(1s);
    b.close();
  };
  for (std::uint64_t seed = 1; seed <= 50; ++seed)
    jay::testing::run(body(), seed, on(network_options().latency(10ms, 10ms).name("a.example", "10.0.0.1")));
}

TEST(SimulatedNetwork, AServerThatIsCancelledSendsWhatIsLeftAndCutsWhoTakesNothing) {
  auto body = [](bool reads) -> jay::task<> {
    auto sends = [](jay::stream_reader reader, jay::stream_writer writer) -> jay::task<> {
      writer.write(std::string(1 << 20, 'x'));
      std::string end = co_await reader.read();
    };
    jay::server s = co_await jay::start_server(sends, "127.0.0.1", 7);
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", 7);
    auto serving = jay::create_task(s.serve_forever());
    co_await jay::sleep(1s);
    const jay::time_point begun = now();
    serving.cancel();
    std::size_t got = 0;
    if (reads) {
      std::string all = co_await reader.read();
      got = all.size();
    }
    auto r = co_await jay::settled(serving);
    EXPECT_TRUE(r.cancelled());
    if (reads) EXPECT_EQ(got, 1u << 20);
    else EXPECT_LT(now() - begun, 3s);
  };
  ::testing::internal::CaptureStderr();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    jay::testing::run(body(true), seed);
    jay::testing::run(body(false), seed);
  }
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("cut 1 connections"), said.npos) << said;
}

TEST(SimulatedNetwork, ASocketOutlivesTheRun) {
  static std::optional<sockets> kept;
  static std::optional<jay::socket> listener;
  auto body = []() -> jay::task<> {
    kept.emplace(co_await tcp_pair());
    listener.emplace(jay::socket::listen(loopback(8)));
    co_await kept->first.write_all(jay::bytes_of("on its way"));
  };
  jay::testing::run(body(), 1);
  EXPECT_EQ(kept->first.local_address(), jay::address());
  kept.reset();
  listener.reset();
}

TEST(SimulatedNetwork, WhatIsLeftOpenIsClosedAtTheEnd) {
  auto body = []() -> jay::task<> {
    jay::server s = co_await jay::start_server(echo, "127.0.0.1", 7);
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", 7);
    writer.write(std::string(1 << 20, 'x'));
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) jay::testing::run(body(), seed);
  SUCCEED();
}

// ---- hosts, names, partitions ----

TEST(SimulatedNetwork, AHostsConnectionsComeFromItsAddress) {
  const host a("10.0.0.1"), b("10.0.0.2");
  auto serves = []() -> jay::task<> {
    auto tells = [](jay::stream_reader, jay::stream_writer writer) -> jay::task<> {
      writer.write("you are " + writer.peer_address().host());
      co_return;
    };
    jay::server s = co_await jay::start_server(tells, "0.0.0.0", 80);
    co_await s.serve_forever();
  };
  auto asks = []() -> jay::task<std::string> {
    auto [reader, writer] = co_await jay::open_connection("db.example", 80);
    EXPECT_EQ(writer.local_address().host(), "10.0.0.1");
    co_return co_await reader.read();
  };
  auto body = [&]() -> jay::task<> {
    auto serving = b.create_task(serves());
    co_await jay::sleep(1s);
    auto asking = a.create_task(asks());
    std::string answer = co_await asking;
    EXPECT_EQ(answer, "you are 10.0.0.1");
    failure f = co_await failure_of(jay::open_connection("127.0.0.1", 80));  // of this machine, not of b
    EXPECT_EQ(f.code, ECONNREFUSED) << f.text;
    auto at_home = b.create_task(jay::open_connection("127.0.0.1", 80));
    auto [reader, writer] = co_await std::move(at_home);
    answer = co_await reader.read();
    EXPECT_EQ(answer, "you are 127.0.0.1");
    auto elsewhere = a.create_task(jay::start_server(echo, "10.0.0.2", 81));
    f = co_await failure_of(std::move(elsewhere));
    EXPECT_EQ(f.code, EADDRNOTAVAIL);
    EXPECT_EQ(f.text, "bind 10.0.0.2:81 on host 10.0.0.1: Cannot assign requested address");
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed)
    jay::testing::run(body(), seed, on(network_options().name("db.example", "10.0.0.2")));
}

TEST(SimulatedNetwork, NamesAreThoseOfTheTest) {
  auto body = []() -> jay::task<> {
    auto found = co_await jay::resolve("db.example", 80);
    EXPECT_EQ(found, (std::vector<jay::address>{jay::address::ip("10.0.0.2", 80), jay::address::ip("fd00::2", 80)}));
    found = co_await jay::resolve("localhost", 80);
    EXPECT_EQ(found, (std::vector<jay::address>{loopback(80)}));
    failure f = co_await failure_of(jay::resolve("example.org", 80));
    EXPECT_EQ(f.text, "resolve example.org: Name or service not known");
    auto name = co_await jay::getnameinfo(jay::address::ip("10.0.0.2", 80));
    EXPECT_EQ(name.first, "db.example");
    found = co_await jay::resolve_for_listening("", 80);
    EXPECT_EQ(found.size(), 2u);
  };
  jay::testing::run(body(), 1, on(network_options().name("db.example", "10.0.0.2").name("db.example", "fd00::2")));
}

/// An echo server on host b, and one connection to it from host a.
struct two_hosts {
  host a{"10.0.0.1"}, b{"10.0.0.2"};
  static jay::task<> serves() {
    jay::server s = co_await jay::start_server(echo, "10.0.0.2", 7);
    co_await s.serve_forever();
  }
  jay::task<std::pair<jay::stream_reader, jay::stream_writer>> connected() {
    b.create_task(serves());
    co_await jay::sleep(1s);
    co_return co_await connected_again();
  }
  jay::task<std::pair<jay::stream_reader, jay::stream_writer>> connected_again() {
    auto connecting = a.create_task(jay::open_connection("10.0.0.2", 7));
    co_return co_await std::move(connecting);
  }
};

TEST(SimulatedNetwork, APartitionHoldsWhatIsSentUntilItIsHealed) {
  auto body = []() -> jay::task<> {
    two_hosts hosts;
    auto [reader, writer] = co_await hosts.connected();
    const jay::time_point begun = now();
    {
      partition cut({"10.0.0.1"}, {"10.0.0.2"});
      writer.write("are you there?\n");
      const std::string thrown = co_await what_is_thrown(jay::wait_for(reader.readline(), 30s));
      EXPECT_EQ(thrown, jay::timeout_error().what());
      EXPECT_EQ(now() - begun, 30s);
      auto other = co_await failure_of(jay::wait_for(jay::open_connection("10.0.0.2", 7), 10s));  // from elsewhere
      EXPECT_EQ(other.text, "(nothing)");
    }
    std::string answer = co_await reader.readline();
    EXPECT_EQ(answer, "are you there?\n");
    EXPECT_LT(now() - begun, 60s);
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) jay::testing::run(body(), seed);
}

TEST(SimulatedNetwork, AConnectAcrossAPartitionTimesOutAfter127Seconds) {
  auto body = []() -> jay::task<> {
    two_hosts hosts;
    auto [reader, writer] = co_await hosts.connected();
    partition cut({"10.0.0.2"});
    const jay::time_point begun = now();
    auto connecting = hosts.a.create_task(jay::open_connection("10.0.0.2", 7));
    failure f = co_await failure_of(std::move(connecting));
    EXPECT_EQ(f.code, ETIMEDOUT);
    EXPECT_EQ(f.text, "connect 10.0.0.2:7: Connection timed out");
    EXPECT_EQ(std::chrono::duration_cast<std::chrono::seconds>(now() - begun), 127s);
    auto again = hosts.a.create_task(jay::open_connection("10.0.0.2", 7));
    co_await jay::sleep(5s);
    cut.heal();
    failure healed = co_await failure_of(std::move(again));
    EXPECT_EQ(healed.text, "(nothing)");
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) jay::testing::run(body(), seed);
}

TEST(SimulatedNetwork, WhoSendsAcrossAPartitionIsToldInTheEndAndWhoReadsIsNot) {
  auto body = []() -> jay::task<> {
    two_hosts hosts;
    auto [reader, writer] = co_await hosts.connected();
    auto [idle, idle_writer] = co_await hosts.connected_again();
    partition cut({"10.0.0.1"}, {"10.0.0.2"});
    const jay::time_point begun = now();
    writer.write("are you there?\n");
    failure f = co_await failure_of(reader.readline());
    EXPECT_EQ(f.code, ETIMEDOUT) << f.text;
    EXPECT_GT(now() - begun, 15min);
    EXPECT_LT(now() - begun, 16min);
    const std::string thrown = co_await what_is_thrown(jay::wait_for(idle.readline(), 24h));
    EXPECT_EQ(thrown, jay::timeout_error().what());
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) jay::testing::run(body(), seed);
}

TEST(SimulatedNetwork, AWriterThatIsHeldUpByAPartitionIsToldWhenItsPeerHasGivenUp) {
  auto body = []() -> jay::task<> {
    const host a("10.0.0.1"), b("10.0.0.2");
    jay::socket listener = jay::socket::listen(jay::address::ip("10.0.0.2", 7));
    auto connecting = a.create_task(jay::socket::connect(jay::address::ip("10.0.0.2", 7)));
    jay::socket there = co_await listener.accept();
    jay::socket here = co_await std::move(connecting);
    partition cut({"10.0.0.1"});
    co_await here.write_some(jay::bytes_of("x"));
    co_await jay::sleep(10s);
    const std::string much(200'000, 'x');
    failure f = co_await failure_of(there.write_all(jay::bytes_of(much)));
    EXPECT_EQ(f.code, ETIMEDOUT) << f.text;
    std::array<std::byte, 8> buffer;
    f = co_await failure_of(here.read_some(buffer));
    EXPECT_EQ(f.code, ETIMEDOUT) << f.text;
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) jay::testing::run(body(), seed);
}

TEST(SimulatedNetwork, ABacklogThatIsFullMakesAConnectTryAgain) {
  auto body = []() -> jay::task<> {
    jay::socket listener = jay::socket::listen(loopback(7), jay::listen_options().backlog(1));
    jay::socket first = co_await jay::socket::connect(loopback(7));
    const jay::time_point begun = now();
    auto second = jay::create_task(jay::socket::connect(loopback(7)));
    co_await jay::sleep(100ms);
    EXPECT_FALSE(second.done());
    jay::socket accepted = co_await listener.accept();
    jay::socket connected = co_await std::move(second);
    EXPECT_GT(now() - begun, 1s);
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) jay::testing::run(body(), seed);
}

// ---- the rest of what sockets do ----

TEST(SimulatedNetwork, ASocketIsWithoutDescriptorAndTakesOptions) {
  auto body = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    a.set_no_delay(true);
    EXPECT_EQ(a.native_handle(), -1);
    EXPECT_TRUE(a.is_open());
    EXPECT_FALSE(a.is_listening());
    EXPECT_EQ(a.local_address(), b.peer_address());
    EXPECT_EQ(a.peer_address(), b.local_address());
    std::array<std::byte, 8> buffer;
    a.shutdown(jay::shutdown_how::write);
    std::size_t n = co_await b.read_some(buffer);
    EXPECT_EQ(n, 0u);
    failure f = co_await failure_of(a.write_some(jay::bytes_of("x")));
    EXPECT_EQ(f.code, EPIPE) << f.text;
    b.shutdown(jay::shutdown_how::read);
    n = co_await b.read_some(buffer);
    EXPECT_EQ(n, 0u);
    f = co_await failure_of(a.accept());
    EXPECT_EQ(f.code, EINVAL) << f.text;
    a.close();
    f = co_await failure_of(a.read_some(buffer));
    EXPECT_EQ(f.code, EBADF) << f.text;
    f = co_await failure_of(jay::socket().accept());
    EXPECT_EQ(f.code, EBADF) << f.text;
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) jay::testing::run(body(), seed);
}

TEST(SimulatedNetwork, AShutdownOfReadingEndsAReadThatWaits) {
  auto body = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    std::array<std::byte, 8> buffer;
    auto reading = jay::create_task(a.read_some(buffer));
    co_await jay::sleep(1s);
    a.shutdown(jay::shutdown_how::read);
    std::size_t n = co_await reading;
    EXPECT_EQ(n, 0u);
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) jay::testing::run(body(), seed);
}

TEST(SimulatedNetwork, ACloseEndsAReadThatWaits) {
  auto body = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    std::array<std::byte, 8> buffer;
    auto reading = jay::create_task(a.read_some(buffer));
    co_await jay::sleep(1s);
    a.close();
    failure f = co_await failure_of(std::move(reading));
    EXPECT_EQ(f.code, ECANCELED) << f.text;
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) jay::testing::run(body(), seed);
}

TEST(SimulatedNetwork, AServerMayStandOnASocketThatListens) {
  auto body = []() -> jay::task<> {
    jay::server s = co_await jay::start_server(echo, jay::socket::listen(loopback()));
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", s.port());
    EXPECT_EQ(writer.get_extra_info("socket"), std::nullopt);
    writer.write("a line\n");
    std::string line = co_await reader.readline();
    EXPECT_EQ(line, "a line\n");
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) jay::testing::run(body(), seed);
}

TEST(SimulatedNetwork, AUnixServerTouchesNoFile) {
  scratch_directory d;
  const std::string path = d.file("socket");
  std::ofstream(path) << "a file";
  auto body = [&]() -> jay::task<> {
    jay::server s = co_await jay::start_unix_server(echo, path);
    auto [reader, writer] = co_await jay::open_unix_connection(path);
    writer.write("a line\n");
    std::string line = co_await reader.readline();
    EXPECT_EQ(line, "a line\n");
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) jay::testing::run(body(), seed);
  std::string text;
  std::ifstream in(path);
  std::getline(in, text);
  EXPECT_EQ(text, "a file");
}

TEST(SimulatedNetwork, ABlockingCallMayWrite) {
  auto body = []() -> jay::task<> {
    jay::server s = co_await jay::start_server(echo, "127.0.0.1", 7);
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", 7);
    auto call = [&w = writer] { w.write("a line\n"); };
    co_await jay::to_thread(std::ref(call));
    std::string line = co_await reader.readline();
    EXPECT_EQ(line, "a line\n");
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) jay::testing::run(body(), seed);
}

// ---- wrong use ----

template <class F>
std::string refused(F f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return {};
}

TEST(SimulatedNetwork, OptionsThatCannotBeAreRefused) {
  EXPECT_EQ(refused([] { network_options().short_reads(1.5); }),
            "network_options: short_reads(1.500000): a probability is from 0 to 1");
  EXPECT_EQ(refused([] { network_options().resets(-1); }), "network_options: resets(-1.000000): a probability is from 0 to 1");
  EXPECT_EQ(refused([] { network_options().latency(2ns, 1ns); }),
            "network_options: latency(2 ns, 1 ns): the lowest is from 0 to the highest");
  EXPECT_EQ(refused([] { network_options().name("x", "y"); }), "network_options: name x: 'y' is not an IPv4 or IPv6 address");
  EXPECT_EQ(refused([] { host("10.0.0"); }), "host: '10.0.0' is not an IPv4 or IPv6 address");
  EXPECT_EQ(refused([] { host("127.0.0.1"); }),
            "host: 127.0.0.1 is every machine's own; give it another address, such as 10.0.0.1");
  auto real = []() -> jay::task<> {
    EXPECT_EQ(refused([] { partition cut({"10.0.0.1"}); }), "partition: only the network of jay::testing::run can be cut");
    co_return;
  };
  jay::run(real());
}

TEST(SimulatedNetwork, AnAcceptThatNobodyWillAnswerIsADeadlock) {
  auto body = []() -> jay::task<> {
    jay::socket listener = jay::socket::listen(loopback(7));
    jay::socket s = co_await listener.accept();
  };
  EXPECT_THROW(jay::testing::run(body(), 1), deadlock_error);
}

}  // namespace
