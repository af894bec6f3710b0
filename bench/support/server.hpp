// SPDX-License-Identifier: MIT
// How a server program (echo, mixed) is steered: it prints "PORT n" once it listens, then obeys its standard input.
//
//   start   begin of a measured window, answered with "STARTED"
//   stop    end of it: prints the result lines (processor time, leaves per second), then "STOPPED"
//   (end)   the process ends, so that no server outlives the tool that started it
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <thread>

#include "load.hpp"
#include "report.hpp"

namespace bench {

inline void announce_port(unsigned port) {
  std::printf("PORT %u\n", port);
  std::fflush(stdout);
}

/// Reads the commands on a thread of its own, which sleeps except at the edges of a window.
inline void obey_standard_input(reporter report, bool counts_leaves) {
  std::thread([report = std::move(report), counts_leaves] {
    stopwatch window;
    long leaves = 0;
    for (std::string command; std::getline(std::cin, command);) {
      if (command == "start") {
        leaves = leaves_done.load(std::memory_order_relaxed);
        window = stopwatch();
        std::puts("STARTED");
        std::fflush(stdout);
      } else if (command == "stop") {
        const double wall = window.wall(), cpu = window.cpu();
        const long done = leaves_done.load(std::memory_order_relaxed) - leaves;
        if (counts_leaves) report.higher("leaves_per_s", "1/s", static_cast<double>(done) / wall);
        report.lower("cpu", "ms", cpu * 1e3);
        report.lower("wall", "ms", wall * 1e3);
        report.lower("peak_rss", "MiB", peak_rss_mib());
        std::puts("STOPPED");
        std::fflush(stdout);
      }
    }
    std::_Exit(0);
  }).detach();
}

}  // namespace bench
