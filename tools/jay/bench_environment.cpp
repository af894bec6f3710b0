// SPDX-License-Identifier: MIT
#include "bench_environment.hpp"

#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <jay/version.hpp>
#include <string>
#include <thread>

namespace jay_tool {
namespace {

/// The text after the first "NAME<separator>" of a file, without blanks and quotes around it.
std::string value_in(const char* path, const std::string& name, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t at = line.find(separator);
    if (line.rfind(name, 0) != 0 || at == std::string::npos) continue;
    const std::size_t begin = line.find_first_not_of(" \t\"", at + 1), end = line.find_last_not_of(" \t\"");
    return begin == std::string::npos ? "" : line.substr(begin, end + 1 - begin);
  }
  return "";
}

std::string now_in_utc() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  return text;
}

}  // namespace

unsigned allowed_processors() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return static_cast<unsigned>(CPU_COUNT(&allowed));
  return std::max(1U, std::thread::hardware_concurrency());
}

nlohmann::ordered_json bench_environment() {
  utsname system{};
  uname(&system);
  double load[3] = {};
  getloadavg(load, 3);
  const long memory_kib = std::strtol(value_in("/proc/meminfo", "MemTotal", ':').c_str(), nullptr, 10);
  return {
      {"date", now_in_utc()},
      {"cpu", value_in("/proc/cpuinfo", "model name", ':')},
      {"processors", allowed_processors()},
      {"virtual", !value_in("/proc/cpuinfo", "flags", ':').empty() &&
                      value_in("/proc/cpuinfo", "flags", ':').find(" hypervisor") != std::string::npos},
      {"memory_mib", memory_kib / 1024},
      {"system", value_in("/etc/os-release", "PRETTY_NAME", '=')},
      {"kernel", std::string(system.sysname) + " " + system.release + " " + system.machine},
      {"load_average", {load[0], load[1], load[2]}},
      {"jay", JAY_VERSION},
  };
}

}  // namespace jay_tool
