// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <csignal>
#include <memory>
#include <optional>
#include <vector>

#include <jay/call_graph.hpp>
#include <jay/create_task.hpp>
#include <jay/event.hpp>
#include <jay/settled.hpp>

#include "tests/support/net.hpp"

using namespace std::chrono_literals;
using namespace jay::testing;

namespace {

jay::task<std::string> read_all(jay::socket& s) {
  std::string all;
  std::array<std::byte, 4096> buffer;
  for (;;) {
    std::size_t n = co_await s.read_some(buffer);
    if (n == 0) co_return all;
    all += jay::text_of(std::span(buffer).first(n));
  }
}

jay::task<> send(jay::socket& s, std::string data) {
  co_await s.write_all(jay::bytes_of(data));
  s.shutdown(jay::shutdown_how::write);
}

TEST(Address, ReadsAndWritesNumericOnes) {
  EXPECT_EQ(jay::address::ip("127.0.0.1", 80).to_string(), "127.0.0.1:80");
  EXPECT_EQ(jay::address::ip("::1", 443).to_string(), "[::1]:443");
  EXPECT_EQ(jay::address::unix_path("/run/x").to_string(), "unix:/run/x");
  EXPECT_EQ(jay::address::unix_path(std::string_view("\0x", 2)).to_string(), "unix:@x");
  EXPECT_TRUE(jay::address::is_ip("10.1.2.3"));
  for (const char* bad : {"", "localhost", "1.2.3", "::1::2", "1.2.3.4.5"}) {
    EXPECT_FALSE(jay::address::is_ip(bad)) << bad;
    EXPECT_THROW(jay::address::ip(bad, 1), std::invalid_argument) << bad;
  }
}

TEST(Address, RefusesUnixPathsThatDoNotFit) {
  EXPECT_EQ(jay::address::unix_path(std::string(107, 'x')).host(), std::string(107, 'x'));
  try {
    jay::address::unix_path("/tmp/" + std::string(120, 'x'));
    FAIL();
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code().value(), ENAMETOOLONG);
    EXPECT_NE(std::string(e.what()).find("125 bytes, at most 107"), std::string::npos) << e.what();
  }
  EXPECT_THROW(jay::address::unix_path(std::string("a\0b", 3)), std::invalid_argument);
  EXPECT_THROW(jay::address::unix_path(""), std::invalid_argument);
}

TEST(Socket, CarriesBytesBothWaysUntilTheEnd) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    std::string there = pattern(3'000'000, 1), back = pattern(2'000'000, 2);
    auto [x, y, got_back, got_there] =
        co_await jay::gather(send(a, there), send(b, back), read_all(a), read_all(b));
    EXPECT_TRUE(got_there == there);
    EXPECT_TRUE(got_back == back);
  };
  jay::run(main());
}

TEST(Socket, KnowsItsAddressesAndSendsWithoutDelay) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    EXPECT_EQ(a.local_address(), b.peer_address());
    EXPECT_EQ(b.local_address(), a.peer_address());
    EXPECT_NE(a.peer_address().port(), 0);
    for (jay::socket* s : {&a, &b}) {
      int on = 0;
      socklen_t size = sizeof on;
      EXPECT_EQ(::getsockopt(s->native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
      EXPECT_EQ(on, 1);
    }
  };
  jay::run(main());
}

TEST(Socket, HalfCloseLeavesTheOtherDirectionOpen) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    a.shutdown(jay::shutdown_how::write);
    std::string end = co_await read_all(b);
    EXPECT_EQ(end, "");
    co_await b.write_all(jay::bytes_of("after your end"));
    b.close();
    std::string got = co_await read_all(a);
    EXPECT_EQ(got, "after your end");
  };
  jay::run(main());
}

TEST(Socket, ARefusedConnectionNamesTheAddressAndTheReason) {
  auto main = []() -> jay::task<> {
    jay::address nobody;
    {
      jay::socket listener = jay::socket::listen(loopback());
      nobody = listener.local_address();
    }
    failure f = co_await failure_of(jay::socket::connect(nobody));
    EXPECT_EQ(f.code, ECONNREFUSED);
    EXPECT_EQ(f.text, "connect " + nobody.to_string() + ": Connection refused");
  };
  jay::run(main());
}

/// An even port of the range that the kernel takes clients' ports from (it prefers even ones), at which nobody listens.
std::uint16_t unused_client_port(const char* host) {
  for (unsigned port = 40'002; port < 60'000; port += 2) {
    jay::address at = jay::address::ip(host, static_cast<std::uint16_t>(port));
    int s = ::socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_free = ::bind(s, at.data(), at.size()) == 0;
    ::close(s);
    if (is_free) return static_cast<std::uint16_t>(port);
  }
  return 0;
}

// More tries than there are ports: the kernel goes through them, so that sooner or later one has the port it is to connect to.
TEST(Socket, ConnectingNeverConnectsToItself) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    auto main = [host]() -> jay::task<> {
      jay::address nobody = jay::address::ip(host, unused_client_port(host));
      int refused = 0;
      for (int i = 0; i < 20'000; ++i) {
        int code = 0;
        try {
          jay::socket s = co_await jay::socket::connect(nobody);
          ADD_FAILURE() << "connected " << s.local_address().to_string() << " to " << s.peer_address().to_string();
          co_return;
        } catch (const std::system_error& e) {
          code = e.code().value();
        }
        refused += code == ECONNREFUSED;
      }
      EXPECT_EQ(refused, 20'000);
      jay::socket listener = jay::socket::listen(nobody);  // no attempt has left the port in use
      EXPECT_EQ(listener.local_address().port(), nobody.port());
    };
    jay::run(main());
  }
}

TEST(Socket, AResetWhileReadingIsAnErrorThatNamesThePeer) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    std::array<std::byte, 16> buffer;
    auto reading = jay::create_task(failure_of(a.read_some(buffer)));
    co_await jay::sleep(0s);
    std::string peer = a.peer_address().to_string();
    reset(b);
    failure f = co_await reading;
    EXPECT_EQ(f.code, ECONNRESET);
    EXPECT_EQ(f.text, "read from " + peer + ": Connection reset by peer");
  };
  jay::run(main(), in_order());
}

TEST(Socket, WritingToADeadPeerThrowsAndRaisesNoSignal) {
  std::signal(SIGPIPE, SIG_DFL);
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    reset(b);
    std::array<std::byte, 16> buffer;
    co_await failure_of(a.read_some(buffer));  // the reset has come
    failure f = co_await failure_of(a.write_all(jay::bytes_of("x")));
    EXPECT_EQ(f.code, EPIPE);
    EXPECT_EQ(f.text.find("write to "), 0u) << f.text;

    auto [c, d] = jay::socket::pair();
    d.close();
    f = co_await failure_of(c.write_some(jay::bytes_of("x")));
    EXPECT_EQ(f.code, EPIPE);
  };
  jay::run(main());
}

TEST(Socket, AResetWhileWritingTellsHowMuchWasWritten) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    std::string much = pattern(64 << 20);
    auto writing = jay::create_task(failure_of(a.write_all(jay::bytes_of(much))));
    co_await jay::sleep(0s);
    EXPECT_FALSE(writing.done());
    reset(b);
    failure f = co_await writing;
    EXPECT_TRUE(f.code == ECONNRESET || f.code == EPIPE) << f.text;
    EXPECT_NE(f.text.find(" of 67108864 bytes written"), std::string::npos) << f.text;
  };
  jay::run(main(), in_order());
}

TEST(Socket, TwoReadersAreRefused) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    std::array<std::byte, 16> first, second;
    auto reading = jay::create_task(a.read_some(first));
    co_await jay::sleep(0s);
    failure f = co_await failure_of(a.read_some(second));
    EXPECT_NE(f.text.find("already being awaited by another task"), std::string::npos) << f.text;
    EXPECT_EQ(f.code, 0) << "a std::runtime_error";
    co_await b.write_all(jay::bytes_of("x"));
    std::size_t n = co_await reading;
    EXPECT_EQ(n, 1u) << "the first one goes on";
  };
  jay::run(main(), in_order());
}

TEST(Socket, CloseEndsWhatWaits) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    std::array<std::byte, 16> buffer;
    std::string much(16 << 20, 'x');
    auto reading = jay::create_task(failure_of(a.read_some(buffer)));
    auto writing = jay::create_task(failure_of(a.write_all(jay::bytes_of(much))));
    jay::socket listener = jay::socket::listen(loopback());
    auto accepting = jay::create_task(failure_of(listener.accept()));
    co_await jay::sleep(0s);
    EXPECT_FALSE(reading.done() || writing.done() || accepting.done());
    a.close();
    listener.close();
    for (auto& h : {reading, writing, accepting}) {
      failure f = co_await h;
      EXPECT_EQ(f.code, ECANCELED) << f.text;
      EXPECT_NE(f.text.find("closed while this was awaited"), std::string::npos) << f.text;
    }
    failure f = co_await failure_of(a.read_some(buffer));
    EXPECT_EQ(f.code, EBADF) << f.text;
  };
  jay::run(main(), in_order());
}

TEST(Socket, AnOperationMadeBeforeCloseNeverReachesTheNextSocket) {
  auto main = []() -> jay::task<> {
    auto [a, b] = jay::socket::pair();
    std::array<std::byte, 16> buffer;
    auto late = a.read_some(buffer);
    a.close();
    auto [c, d] = jay::socket::pair();  // most likely with a's slot and fd
    co_await d.write_all(jay::bytes_of("secret"));
    failure f = co_await failure_of(std::move(late));
    EXPECT_EQ(f.code, EBADF) << f.text;
    std::size_t n = co_await c.read_some(buffer);
    EXPECT_EQ(n, 6u);
  };
  jay::run(main());
}

TEST(Socket, ReadersAndClosersOnManySocketsNeverMixThemUp) {
  auto one = [](char mark) -> jay::task<int> {
    int right = 0;
    for (int i = 0; i < 200; ++i) {
      auto [a, b] = jay::socket::pair();
      std::array<std::byte, 8> buffer;
      auto reading = jay::create_task(jay::settled(a.read_some(buffer)));
      std::string text(1, mark);
      if (i % 2) co_await b.write_all(jay::bytes_of(text));
      a.close();
      jay::result<std::size_t> r = co_await std::move(reading);
      if (!r.has_value() || (r.value() == 1 && buffer[0] == std::byte(mark))) ++right;
    }
    co_return right;
  };
  auto main = [one]() -> jay::task<> {
    std::vector<jay::task<int>> all;
    for (int i = 0; i < 8; ++i) all.push_back(one(static_cast<char>('a' + i)));
    auto right = co_await jay::gather(std::move(all));
    for (int r : right) EXPECT_EQ(r, 200);
  };
  jay::run(main(), with_workers(4));
}

TEST(Socket, ACancelledReadLosesNothing) {
  auto main = []() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    std::array<std::byte, 16> buffer;
    auto reading = jay::create_task(a.read_some(buffer));
    co_await jay::sleep(0s);
    reading.cancel();
    auto r = co_await jay::settled(reading);
    EXPECT_TRUE(r.cancelled());
    co_await b.write_all(jay::bytes_of("kept"));
    std::size_t n = co_await a.read_some(buffer);
    EXPECT_EQ(n, 4u);
  };
  jay::run(main(), in_order());
}

// A byte that has arrived is either delivered or still there, whatever a cancel does at the same time.
TEST(Socket, CancelAndDataRace) {
  auto round = [](jay::socket& a, jay::socket& b, int i) -> jay::task<bool> {
    std::array<std::byte, 16> buffer;
    jay::event started;
    auto reading = jay::create_task([&]() -> jay::task<std::size_t> {
      started.set();
      std::size_t n = co_await a.read_some(buffer);
      co_return n;
    });
    if (i % 4 != 0) co_await started.wait();
    auto writing = jay::create_task(b.write_all(jay::bytes_of("x")));
    if (i % 2 != 0) co_await jay::sleep(0s);
    reading.cancel();
    co_await writing;
    auto r = co_await jay::settled(reading);
    if (r.has_value()) co_return r.value() == 1;
    std::size_t n = co_await a.read_some(buffer);
    co_return n == 1;
  };
  auto main = [round]() -> jay::task<> {
    auto [a, b] = jay::socket::pair();
    int right = 0;
    for (int i = 0; i < 2000; ++i) {
      bool one = co_await round(a, b, i);
      right += one;
    }
    EXPECT_EQ(right, 2000);
  };
  jay::run(main(), with_workers(4));
}

TEST(Socket, ASiblingsFailureCancelsAReadInAGather) {
  auto fail = [](jay::task_handle<> parent) -> jay::task<int> {
    while (parent.call_graph().children.empty()) co_await jay::sleep(0s);  // until the read waits
    throw std::logic_error("stop");
  };
  auto main = [fail]() -> jay::task<> {
    auto [a, b] = co_await tcp_pair();
    std::array<std::byte, 16> buffer;
    std::string what;
    try {
      co_await jay::gather(fail(jay::current_task()), a.read_some(buffer));
    } catch (const std::logic_error& e) {
      what = e.what();
    }
    EXPECT_EQ(what, "stop");
    co_await b.write_all(jay::bytes_of("ok"));
    std::size_t n = co_await a.read_some(buffer);
    EXPECT_EQ(n, 2u);
  };
  jay::run(main());
}

TEST(Socket, ListenReplacesAStaleUnixSocketOnly) {
  scratch_directory dir;
  std::string path = dir.file("s");
  auto main = [&]() -> jay::task<> {
    {
      jay::socket dead = jay::socket::listen(jay::address::unix_path(path));
      EXPECT_TRUE(dead.is_open());
    }
    jay::socket live = jay::socket::listen(jay::address::unix_path(path));
    EXPECT_TRUE(live.is_open());
    try {
      jay::socket::listen(jay::address::unix_path(path));
      ADD_FAILURE() << "a live one was replaced";
    } catch (const std::system_error& e) {
      EXPECT_EQ(e.code().value(), EADDRINUSE);
      EXPECT_NE(std::string(e.what()).find("bind unix:" + path), std::string::npos) << e.what();
    }
    jay::socket c = co_await jay::socket::connect(jay::address::unix_path(path));
    EXPECT_TRUE(c.is_open());
  };
  jay::run(main());
}

TEST(Socket, ConnectingToAFullUnixListenerWaits) {
  scratch_directory dir;
  auto main = [&]() -> jay::task<> {
    jay::address at = jay::address::unix_path(dir.file("s"));
    jay::socket listener = jay::socket::listen(at, jay::listen_options().backlog(1));
    std::vector<jay::task<jay::socket>> connecting;
    for (int i = 0; i < 8; ++i) connecting.push_back(jay::socket::connect(at));
    auto all = jay::create_task(jay::gather(std::move(connecting)));
    std::vector<jay::socket> accepted;
    for (int i = 0; i < 8; ++i) {
      jay::socket one = co_await listener.accept();
      accepted.push_back(std::move(one));
    }
    auto clients = co_await std::move(all);
    EXPECT_EQ(clients.size(), 8u);
  };
  jay::run(main());
}

TEST(Socket, OutsideARuntimeItSaysSo) {
  try {
    jay::socket::listen(loopback());
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find("socket::listen"), std::string::npos) << e.what();
  }
}

TEST(Socket, OneThatOutlivesItsRuntimeIsClosedAndHarmless) {
  std::unique_ptr<jay::socket> kept;
  auto main = [&]() -> jay::task<> {
    kept = std::make_unique<jay::socket>(jay::socket::listen(loopback()));
    co_return;
  };
  jay::run(main());
  EXPECT_EQ(kept->native_handle(), -1);
  kept.reset();
}

}  // namespace
