// SPDX-License-Identifier: MIT
// Helpers for tests of sockets and streams. Everything is on the loopback, on ports that the kernel chooses.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <system_error>
#include <utility>

#include <jay/address.hpp>
#include <jay/gather.hpp>
#include <jay/run.hpp>
#include <jay/socket.hpp>
#include <jay/time.hpp>

#include "tests/support/configs.hpp"
#include "tests/support/scratch_directory.hpp"

namespace jay::testing {

inline jay::address loopback(std::uint16_t port = 0) { return jay::address::ip("127.0.0.1", port); }

/// A connected pair over TCP.
inline jay::task<std::pair<jay::socket, jay::socket>> tcp_pair() {
  jay::socket listener = jay::socket::listen(loopback());
  auto accepting = listener.accept();
  auto connecting = jay::socket::connect(listener.local_address());
  auto [a, b] = co_await jay::gather(std::move(accepting), std::move(connecting));
  co_return std::pair<jay::socket, jay::socket>(std::move(a), std::move(b));
}

/// Closes so that the peer gets a reset.
inline void reset(jay::socket& s) {
  linger at_once{1, 0};
  ASSERT_EQ(::setsockopt(s.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  s.close();
}

/// What the op throws: its text, and for a system_error its code.
struct failure {
  std::string text;
  int code = 0;
};
template <class Op>
jay::task<failure> failure_of(Op o) {
  failure f;
  try {
    co_await std::move(o);
    f.text = "(nothing)";
  } catch (const std::system_error& e) {
    f.text = e.what();
    f.code = e.code().value();
  } catch (const std::exception& e) {
    f.text = e.what();
  }
  co_return f;
}

inline std::string pattern(std::size_t n, std::uint32_t seed = 1) {
  std::string s(n, '\0');
  for (char& c : s) {
    seed = seed * 1664525u + 1013904223u;
    c = static_cast<char>(seed >> 24);
  }
  return s;
}

}  // namespace jay::testing
