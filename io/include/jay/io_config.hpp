// SPDX-License-Identifier: MIT
#pragma once

// The [io] table: threads that stand by the reactors, and the pool for calls that block.

#include <cstdint>
#include <string_view>

#include <jay/detail/config_fields.hpp>

namespace jay {

enum class io_backend { automatic, epoll, io_uring };

template <>
struct detail::choice_words<io_backend> {
  static constexpr std::string_view list[] = {"auto", "epoll", "io_uring"};
};

struct io_config {
  std::uint32_t threads = 1;
  io_backend backend = io_backend::automatic;
  bool help = true;
  std::uint32_t spin = 0;  // microseconds
  std::uint32_t blocking_threads = 0;
  double shutdown_timeout = 10.0;  // seconds

  bool operator==(const io_config&) const = default;

  template <class Visit>
  static constexpr void fields(Visit&& visit) {
    using self = io_config;
    visit(&self::threads, "threads", detail::count(0, 64),
          "Threads that wait for I/O events and timers. 0: only workers look, when they are idle and "
          "every 2 ms while they compute, so I/O waits that long.");
    visit(&self::backend, "backend",
          "How files are read and written: \"io_uring\"; \"epoll\", which leaves files to the "
          "blocking pool; \"auto\": io_uring where the kernel allows it. Sockets use epoll.");
    visit(&self::help, "help",
          "Idle workers wait for I/O events too, and I/O threads run short tasks; false: I/O threads hand "
          "all over.");
    visit(&self::spin, "spin", detail::us(0, 10000),
          "How long an I/O thread looks for the next event before it sleeps, while no worker has "
          "anything to do. Answers come sooner where few are waited for, and cost more CPU time.");
    visit(&self::blocking_threads, "blocking_threads", detail::count(0, 1024),
          "Most threads for to_thread and other calls that block; they start when needed. "
          "0: the smaller of 32 and CPUs + 4, as Python's.");
    visit(&self::shutdown_timeout, "shutdown_timeout", detail::seconds(0, 86400),
          "How long the end of run() waits for blocking calls before it names them and goes on, and for what "
          "closing connections still have to send.");
  }
};

}  // namespace jay
