// SPDX-License-Identifier: MIT
#include <jay/detail/cpus.hpp>

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>

#include <jay/scheduler_config.hpp>

namespace jay::detail {
namespace {

// A cgroup hierarchy that may limit the CPU: where it is mounted, which of its directories is the top of that mount (a
// container sees a part of the hierarchy), and in which directory this process is.
struct hierarchy {
  bool v2 = false;
  std::string mount_point;
  std::string mount_root;
  std::string group;
};

bool has_item(std::string_view list, std::string_view item) {
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    if (list.substr(at, comma - at) == item) return true;
    at = comma + 1;
  }
  return false;
}

// mountinfo writes blanks, tabs, newlines and backslashes as \ooo.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](std::size_t k) { return i + k < text.size() && text[i + k] >= '0' && text[i + k] <= '7'; };
    if (text[i] == '\\' && octal(1) && octal(2) && octal(3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// One line of /proc/self/mountinfo:
//   36 35 0:30 /mount/root /mount/point rw,relatime [optional fields] - type source super,options
std::optional<hierarchy> parse_mount(const std::string& line) {
  std::istringstream words(line);
  std::string skipped, root, point, word, type, source, options;
  words >> skipped >> skipped >> skipped >> root >> point;
  while (words >> word && word != "-") {
  }
  words >> type >> source >> options;
  const bool v2 = type == "cgroup2";
  if (!v2 && !(type == "cgroup" && has_item(options, "cpu"))) return std::nullopt;
  return hierarchy{v2, unescaped(point), unescaped(root), {}};
}

// The group of this process from /proc/self/cgroup: `0::/group` for v2, `4:cpu,cpuacct:/group` for v1.
std::optional<std::string> group_of(const std::string& root, bool v2) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : has_item(controllers, "cpu")) return line.substr(second + 1);
  }
  return std::nullopt;
}

std::vector<hierarchy> cpu_hierarchies(const std::string& root) {
  std::vector<hierarchy> found;
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::optional<hierarchy> mount = parse_mount(line);
    if (!mount) continue;
    std::optional<std::string> group = group_of(root, mount->v2);
    if (!group) continue;
    mount->group = std::move(*group);
    found.push_back(std::move(*mount));
  }
  return found;
}

// The group as a path below the mount point, "" for the top. A group outside of what is mounted ("/../other", or another
// prefix) cannot be seen: the top of the mount is then the nearest thing to it.
std::string path_in_mount(const hierarchy& h) {
  std::string_view path = h.group;
  if (h.mount_root != "/") {
    if (path.substr(0, h.mount_root.size()) != h.mount_root) return {};
    path.remove_prefix(h.mount_root.size());
    if (!path.empty() && path.front() != '/') return {};
  }
  if (path.find("/..") != path.npos) return {};
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  return std::string(path);
}

// The limit of one directory in CPUs; 0 for none ("max" in v2, -1 in v1) and for what cannot be read.
double quota_of(const std::string& directory, bool v2) {
  double quota = 0;
  double period = 0;
  if (v2) {
    std::ifstream file(directory + "/cpu.max");
    if (!(file >> quota >> period)) return 0;
  } else {
    std::ifstream quota_file(directory + "/cpu.cfs_quota_us");
    std::ifstream period_file(directory + "/cpu.cfs_period_us");
    if (!(quota_file >> quota) || !(period_file >> period)) return 0;
  }
  return quota > 0 && period > 0 ? quota / period : 0;
}

}  // namespace

std::vector<unsigned> allowed_cpus() {
  std::vector<unsigned> cpus;
  // The kernel refuses a set that is smaller than its own with EINVAL.
  for (std::size_t bits = 1024; bits <= 1024 * 1024; bits *= 2) {
    cpu_set_t* set = CPU_ALLOC(bits);
    if (set == nullptr) return cpus;
    const std::size_t bytes = CPU_ALLOC_SIZE(bits);
    CPU_ZERO_S(bytes, set);
    const bool told = sched_getaffinity(0, bytes, set) == 0;
    const bool larger = !told && errno == EINVAL;
    if (told) {
      for (std::size_t cpu = 0; cpu < bits; ++cpu) {
        if (CPU_ISSET_S(cpu, bytes, set)) cpus.push_back(static_cast<unsigned>(cpu));
      }
    }
    CPU_FREE(set);
    if (!larger) break;
  }
  return cpus;
}

double cgroup_cpu_quota(const std::string& root) {
  double smallest = 0;
  for (const hierarchy& h : cpu_hierarchies(root)) {
    std::string path = path_in_mount(h);
    while (true) {
      const double quota = quota_of(root + h.mount_point + path, h.v2);
      if (quota > 0 && (smallest == 0 || quota < smallest)) smallest = quota;
      if (path.empty()) break;
      path.resize(path.rfind('/'));
    }
  }
  return smallest;
}

std::size_t cpus_within(std::size_t allowed, double quota) noexcept {
  if (quota > 0 && quota < static_cast<double>(allowed)) allowed = static_cast<std::size_t>(std::ceil(quota));
  return std::max<std::size_t>(allowed, 1);
}

std::size_t usable_cpus() {
  std::size_t allowed = allowed_cpus().size();
  if (allowed == 0) allowed = std::thread::hardware_concurrency();
  return cpus_within(allowed, cgroup_cpu_quota());
}

std::size_t worker_count(const scheduler_config& config) {
  if (config.order == order::asyncio) return 1;
  return config.workers != 0 ? config.workers : usable_cpus();
}

}  // namespace jay::detail
