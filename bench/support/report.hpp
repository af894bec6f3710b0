// SPDX-License-Identifier: MIT
// What every benchmark program prints: one JSON object a line, the same for every runtime.
//
//   {"bench":"fib","runtime":"jay","compiler":"clang 19.1.7","workers":2,"metric":"ns_per_task","unit":"ns","better":"lower","value":11.3}
//
// A wrong result ends the program with status 1 before any line is printed for it.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace bench {

#define BENCH_TEXT_(x) #x
#define BENCH_TEXT(x) BENCH_TEXT_(x)
#if defined(__clang__)
inline constexpr const char* compiler =
    "clang " BENCH_TEXT(__clang_major__) "." BENCH_TEXT(__clang_minor__) "." BENCH_TEXT(__clang_patchlevel__);
#else
inline constexpr const char* compiler =
    "gcc " BENCH_TEXT(__GNUC__) "." BENCH_TEXT(__GNUC_MINOR__) "." BENCH_TEXT(__GNUC_PATCHLEVEL__);
#endif

using clock = std::chrono::steady_clock;

inline double seconds_since(clock::time_point start) {
  return std::chrono::duration<double>(clock::now() - start).count();
}

/// User and system time of the whole process, seconds.
inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Peak resident memory, MiB. From /proc, because ru_maxrss of a child begins with what its parent had.
inline double peak_rss_mib() {
  double kib = 0;
  if (std::FILE* status = std::fopen("/proc/self/status", "re")) {
    char line[256];
    while (std::fgets(line, sizeof line, status) != nullptr) {
      if (std::strncmp(line, "VmHWM:", 6) == 0) kib = std::strtod(line + 6, nullptr);
    }
    std::fclose(status);
  }
  return kib / 1024;
}

/// Prints the result lines of one benchmark of one runtime.
class reporter {
 public:
  reporter(std::string bench, std::string runtime, unsigned workers, std::string made_by = compiler)
      : bench_(std::move(bench)), runtime_(std::move(runtime)), made_by_(std::move(made_by)), workers_(workers) {}

  void lower(const char* metric, const char* unit, double value) const { line(metric, unit, "lower", value); }
  void higher(const char* metric, const char* unit, double value) const { line(metric, unit, "higher", value); }

  /// Time per item, processor time per item and peak memory: what most questions want to know.
  void per_item(const char* metric, double items, double wall_seconds, double processor_seconds) const {
    lower(metric, "ns", wall_seconds * 1e9 / items);
    lower("wall", "ms", wall_seconds * 1e3);
    lower("cpu", "ms", processor_seconds * 1e3);
    lower("peak_rss", "MiB", peak_rss_mib());
  }

 private:
  void line(const char* metric, const char* unit, const char* better, double value) const {
    std::printf(
        "{\"bench\":\"%s\",\"runtime\":\"%s\",\"compiler\":\"%s\",\"workers\":%u,\"metric\":\"%s\",\"unit\":\"%s\","
        "\"better\":\"%s\",\"value\":%.6g}\n",
        bench_.c_str(), runtime_.c_str(), made_by_.c_str(), workers_, metric, unit, better, value);
    std::fflush(stdout);
  }

  std::string bench_, runtime_, made_by_;
  unsigned workers_;
};

/// Wall and processor time from construction on.
class stopwatch {
 public:
  double wall() const { return seconds_since(wall_); }
  double cpu() const { return cpu_seconds() - cpu_; }

 private:
  clock::time_point wall_ = clock::now();
  double cpu_ = cpu_seconds();
};

/// Ends the program with status 1 where a benchmark computed something wrong.
inline void require(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "wrong result: %s\n", what);
  std::_Exit(1);
}

/// Positional arguments: every program is called as `program SIZE WORKERS [MODE...]`, a server as `program PORT WORKERS [MODE...]`.
class arguments {
 public:
  arguments(int argc, char** argv, long default_size) : argc_(argc), argv_(argv) {
    size = number(1, default_size);
    workers = static_cast<unsigned>(number(2, 1));
    if (size < 0 || workers < 1 || workers > 1024) usage();
  }

  std::string mode(int index, const char* fallback) const { return argc_ > index + 3 ? argv_[index + 3] : fallback; }

  [[noreturn]] void usage() const {
    std::fprintf(stderr, "usage: %s SIZE WORKERS [MODE...]\n", argv_[0]);
    std::_Exit(2);
  }

  long size;
  unsigned workers;

 private:
  long number(int index, long fallback) const {
    if (argc_ <= index) return fallback;
    char* end = nullptr;
    const long value = std::strtol(argv_[index], &end, 10);
    if (end == argv_[index] || *end != '\0') usage();
    return value;
  }

  int argc_;
  char** argv_;
};

}  // namespace bench
