// SPDX-License-Identifier: MIT
#include <jay/detail/cpus.hpp>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <optional>
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

// All of a small file, or nothing. iostreams would take five times as long to begin with, at every start of a program.
std::string contents_of(const std::string& path) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  for (;;) {
    char part[4096];
    const ssize_t n = ::read(fd, part, sizeof part);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(part, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return text;
}

// Cuts off what stands before the next `end`, and that.
std::string_view cut(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
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
std::optional<hierarchy> parse_mount(std::string_view line) {
  for (int i = 0; i < 3; ++i) cut(line, ' ');
  const std::string_view root = cut(line, ' '), point = cut(line, ' ');
  while (!line.empty() && cut(line, ' ') != "-") {
  }
  const std::string_view type = cut(line, ' ');
  cut(line, ' ');  // the source
  const std::string_view options = cut(line, ' ');
  const bool v2 = type == "cgroup2";
  if (!v2 && !(type == "cgroup" && has_item(options, "cpu"))) return std::nullopt;
  return hierarchy{v2, unescaped(point), unescaped(root), {}};
}

// The group of this process from /proc/self/cgroup: `0::/group` for v2, `4:cpu,cpuacct:/group` for v1.
std::optional<std::string> group_of(std::string_view groups, bool v2) {
  while (!groups.empty()) {
    std::string_view path = cut(groups, '\n');
    cut(path, ':');
    const std::string_view controllers = cut(path, ':');
    if (path.empty()) continue;
    if (v2 ? controllers.empty() : has_item(controllers, "cpu")) return std::string(path);
  }
  return std::nullopt;
}

std::vector<hierarchy> cpu_hierarchies(const std::string& root) {
  std::vector<hierarchy> found;
  const std::string mounts = contents_of(root + "/proc/self/mountinfo");
  const std::string groups = contents_of(root + "/proc/self/cgroup");
  for (std::string_view rest = mounts; !rest.empty();) {
    std::optional<hierarchy> mount = parse_mount(cut(rest, '\n'));
    if (!mount) continue;
    std::optional<std::string> group = group_of(groups, mount->v2);
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

// A number of microseconds; 0 for what is none.
double microseconds(std::string_view text) {
  long long n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return static_cast<double>(n);
}

// The limit of one directory in CPUs; 0 for none ("max" in v2, -1 in v1) and for what cannot be read.
double quota_of(const std::string& directory, bool v2) {
  const std::string first = contents_of(directory + (v2 ? "/cpu.max" : "/cpu.cfs_quota_us"));
  const std::string second = v2 ? std::string() : contents_of(directory + "/cpu.cfs_period_us");
  std::string_view words = first;
  const double quota = microseconds(cut(words, ' '));
  const double period = microseconds(v2 ? words : second);
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
  if (config.order == order::asyncio || config.seed) return 1;
  return config.workers != 0 ? config.workers : usable_cpus();
}

}  // namespace jay::detail
