// SPDX-License-Identifier: MIT
// The frame of the question "fairness": how long does somebody (the victim) wait at worst, while others (the hogs) keep every
// worker busy? Arguments, names, samples, and the thread outside that wakes some victims. The peers in other languages have
// the same names, sizes and output.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <semaphore>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "load.hpp"
#include "report.hpp"

namespace bench::fairness {

inline constexpr std::array<std::string_view, 8> hog_names = {
    "none", "fork_join", "yields", "ping_pong", "spawn_chain", "ready_operations", "io_flood", "timers"};
inline constexpr std::array<std::string_view, 6> victim_names = {"new_task", "other_thread", "timer",
                                                                 "yield",    "socket",       "crowd"};

inline constexpr unsigned hogs_a_worker = 2;
/// Argument of the recursion that a hog computes between two points where it gives way: 13,529 calls take about 10 us.
inline constexpr long step_size = 19;
inline constexpr int sleepers = 2'000;
inline constexpr int crowd_size = 100;
/// What a victim waits between two samples; also how long a sleep is.
inline constexpr std::chrono::milliseconds pause{1};
/// How long the hogs run before the first sample.
inline constexpr std::chrono::milliseconds warm_up{50};

/// The command line: HOG VICTIM SECONDS WORKERS. Whatever is wrong with it is said, and ends the program with status 2.
struct arguments {
  std::string_view hog, victim;
  double seconds;
  unsigned workers;

  arguments(int argc, char** argv) {
    if (argc != 5) wrong(argv[0], "four arguments are needed", "");
    hog = known(argv, 1, hog_names, "no such hog: ");
    victim = known(argv, 2, victim_names, "no such victim: ");
    seconds = number(argv, 3, 0.001, 3600, "SECONDS is a number from 0.001 to 3600, not ");
    const double count = number(argv, 4, 1, 1024, "WORKERS is a whole number from 1 to 1024, not ");
    workers = static_cast<unsigned>(count);
    if (workers != count) wrong(argv[0], "WORKERS is a whole number from 1 to 1024, not ", argv[4]);
  }

 private:
  template <class Names>
  static std::string_view known(char** argv, int index, const Names& names, const char* complaint) {
    const std::string_view given = argv[index];
    if (std::find(names.begin(), names.end(), given) == names.end()) wrong(argv[0], complaint, argv[index]);
    return given;
  }
  static double number(char** argv, int index, double least, double most, const char* complaint) {
    char* end = nullptr;
    const double value = std::strtod(argv[index], &end);
    if (end == argv[index] || *end != '\0' || !(value >= least && value <= most))
      wrong(argv[0], complaint, argv[index]);
    return value;
  }
  [[noreturn]] static void wrong(const char* program, const char* complaint, const char* given) {
    std::fprintf(stderr, "fairness: %s%s\nusage: %s HOG VICTIM SECONDS WORKERS\n  HOG:   ", complaint, given, program);
    for (const std::string_view name : hog_names) std::fprintf(stderr, " %s", name.data());
    std::fprintf(stderr, "\n  VICTIM:");
    for (const std::string_view name : victim_names) std::fprintf(stderr, " %s", name.data());
    std::fprintf(stderr, "\n");
    std::_Exit(2);
  }
};

/// The waits of one victim, taken until the time is over; at least one.
class samples {
 public:
  explicit samples(double seconds)
      : end_(clock::now() + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(seconds))) {}

  bool go_on() const { return waits_.empty() || clock::now() < end_; }
  void add(clock::duration wait) { waits_.push_back(std::chrono::duration<double, std::micro>(wait).count()); }

  void print(const arguments& given) {
    std::sort(waits_.begin(), waits_.end());
    double sum = 0;
    for (const double wait : waits_) sum += wait;
    const std::size_t count = waits_.size();
    std::printf("%s %s worst_us=%.1f p99_us=%.1f mean_us=%.1f samples=%zu\n", given.hog.data(), given.victim.data(),
                waits_.back(), waits_[(count - 1) * 99 / 100], sum / static_cast<double>(count), count);
    std::fflush(stdout);
  }

 private:
  clock::time_point end_;
  std::vector<double> waits_;
};

/// A thread of the operating system, of no runtime, that does something a pause after it was asked to.
class outside_thread {
 public:
  explicit outside_thread(std::function<void()> act) : act_(std::move(act)), thread_([this] { run(); }) {}
  ~outside_thread() {
    // relaxed: the semaphore orders it
    stop_.store(true, std::memory_order_relaxed);
    asked_.release();
    thread_.join();
  }
  outside_thread(const outside_thread&) = delete;
  outside_thread& operator=(const outside_thread&) = delete;

  void ask() { asked_.release(); }
  /// When it began to act the last time: the wait counts from there, not from when the system woke this thread up.
  clock::time_point acted() const {
    // relaxed: asked by whom the act has woken, and that orders it
    return acted_.load(std::memory_order_relaxed);
  }

 private:
  void run() {
    for (;;) {
      asked_.acquire();
      // relaxed: the semaphore orders it
      if (stop_.load(std::memory_order_relaxed)) return;
      std::this_thread::sleep_for(pause);
      // relaxed: read by whom the act wakes, and that orders it
      acted_.store(clock::now(), std::memory_order_relaxed);
      act_();
    }
  }

  std::function<void()> act_;
  std::binary_semaphore asked_{0};
  std::atomic<bool> stop_{false};
  std::atomic<clock::time_point> acted_{};
  std::thread thread_;
};

}  // namespace bench::fairness
