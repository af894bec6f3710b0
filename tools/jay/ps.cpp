// SPDX-License-Identifier: MIT
// jay ps, jay pstree: the tasks of a running program, as `python -m asyncio ps` and `pstree` of Python 3.14. The program answers
// itself (io/src/runtime/inspector.hpp).
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../../io/src/runtime/inspector.hpp"
#include "commands.hpp"

namespace jay_tool {
namespace {

std::string reason(int error) { return std::strerror(error); }

/// The numbers of the process' runtimes that answer.
std::vector<unsigned> runtimes_of(pid_t process) {
  std::ifstream table("/proc/net/unix");
  if (!table) throw std::runtime_error("open /proc/net/unix: " + reason(errno));
  const std::string name = " @" + jay::detail::inspector_name(process);
  std::vector<unsigned> numbers;
  for (std::string line; std::getline(table, line);) {
    const auto at = line.find(name);
    unsigned n = 0;
    if (at == std::string::npos) continue;
    if (std::from_chars(line.data() + at + name.size(), line.data() + line.size(), n).ec == std::errc()) numbers.push_back(n);
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());  // with what has connected to it
  return numbers;
}

/// Its whole answer; empty: it has ended meanwhile.
std::string ask(const std::string& name, const std::string& request) {
  const int s = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (s < 0) throw std::runtime_error("socket: " + reason(errno));
  ::setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &jay::detail::inspector_patience, sizeof jay::detail::inspector_patience);
  const jay::detail::inspector_address address(name);
  std::string answer;
  ssize_t n = ::connect(s, address.get(), address.length);
  if (n == 0) n = ::send(s, request.data(), request.size(), MSG_NOSIGNAL);
  char part[4096];
  while (n > 0 && (n = ::recv(s, part, sizeof part, 0)) > 0) answer.append(part, static_cast<std::size_t>(n));
  const int error = n < 0 ? errno : 0;
  ::close(s);
  if (error == EAGAIN) throw std::runtime_error(fmt::format("it has not answered for {} s; it is stopped, perhaps", jay::detail::inspector_patience.tv_sec));
  if (error != 0 && error != ECONNREFUSED && error != ECONNRESET && error != EPIPE) throw std::runtime_error(reason(error));
  return answer;
}

void show(pid_t process, const std::string& request) {
  if (process <= 0) throw usage_error(fmt::format("PID: {} is no number of a process", process));
  if (::kill(process, 0) != 0 && errno == ESRCH) throw std::runtime_error(fmt::format("there is no process {}", process));
  const std::vector<unsigned> numbers = runtimes_of(process);
  bool any = false;
  for (const unsigned n : numbers) {
    std::string answer;
    try {
      answer = ask(jay::detail::inspector_name(process) + std::to_string(n), request + "\n");
    } catch (const std::exception& e) {
      throw std::runtime_error(fmt::format("process {}: {}", process, e.what()));
    }
    if (answer.empty()) continue;
    const bool good = answer.starts_with("ok\n");
    answer.erase(0, 3);
    if (!good) throw std::runtime_error(fmt::format("process {}: {}", process, answer.substr(0, answer.find('\n'))));
    if (numbers.size() > 1) fmt::print("{}runtime {}:\n", any ? "\n" : "", n);
    fmt::print("{}", answer);
    any = true;
  }
  if (any) return;
  throw std::runtime_error(fmt::format(
      "process {} runs no jay runtime that answers; a program answers in debug mode (JAY_DEBUG=1) or with debug.inspect = true "
      "(JAY_DEBUG_INSPECT=1)",
      process));
}

void add(CLI::App& jay, const char* name, const char* what, const char* request) {
  CLI::App* command = jay.add_subcommand(name, what);
  auto process = std::make_shared<pid_t>(0);
  command->add_option("PID", *process, "The process, of this user, on this machine")->required();
  command->footer(fmt::format(
      "The program has to be in debug mode (JAY_DEBUG=1), or to have debug.inspect = true (JAY_DEBUG_INSPECT=1).\n\n"
      "Example:\n  jay {} $(pidof server)\n\n"
      "Exit codes: 0 good; 1 there is no such process, or it does not answer; 2 wrong usage.",
      name));
  command->final_callback([process, request] { show(*process, request); });
}

}  // namespace

void register_ps(CLI::App& jay) {
  add(jay, "ps", "List the tasks of a running program", "table");
  add(jay, "pstree", "Show the tasks of a running program as a tree: who awaits whom", "tree");
}

}  // namespace jay_tool
