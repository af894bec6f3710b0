// SPDX-License-Identifier: MIT
#include "bench_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace jay_tool {
namespace {

// Written by the signal handler, looked at between reads.
std::atomic<bool> interrupt_seen{false};

void throw_if_interrupted() {
  if (interrupt_seen.load(std::memory_order_relaxed)) throw interrupted{};
}

struct pipe_ends {
  int read = -1, write = -1;
  pipe_ends() {
    int both[2];
    if (pipe2(both, O_CLOEXEC) != 0) throw program_error(fmt::format("make a pipe: {}", std::strerror(errno)));
    read = both[0];
    write = both[1];
  }
};

void close_once(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

}  // namespace

bench_process::bench_process(std::vector<std::string> command, std::chrono::duration<double> time_limit)
    : command_(std::move(command)),
      deadline_(clock::now() + std::chrono::duration_cast<clock::duration>(time_limit)),
      limit_(time_limit.count()) {
  start();
}

bench_process::~bench_process() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    reap();
  }
  close_once(input_);
  close_once(output_);
  close_once(errors_);
}

void bench_process::start() {
  const pipe_ends in, out, err;
  const pid_t parent = getpid();
  std::vector<char*> arguments;
  for (std::string& word : command_) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) throw program_error(fmt::format("start {}: {}", command_[0], std::strerror(errno)));
  if (pid_ == 0) {
    // No program outlives this one, however it ends.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    std::signal(SIGPIPE, SIG_DFL);
    setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
    dup2(in.read, STDIN_FILENO);
    dup2(out.write, STDOUT_FILENO);
    dup2(err.write, STDERR_FILENO);
    execv(arguments[0], arguments.data());
    const std::string reason = fmt::format("{}\n", std::strerror(errno));
    if (write(STDERR_FILENO, reason.data(), reason.size()) < 0) _exit(126);
    _exit(127);
  }
  close(in.read);
  close(out.write);
  close(err.write);
  input_ = in.write;
  output_ = out.read;
  errors_ = err.read;
}

void bench_process::write_line(const std::string& line) {
  const std::string text = line + "\n";
  if (write(input_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    fail(fmt::format("does not take the command '{}'", line));
}

/// Waits for output. False where both streams have ended.
bool bench_process::read_more() {
  pollfd streams[2] = {{output_, POLLIN, 0}, {errors_, POLLIN, 0}};
  if (output_ < 0 && errors_ < 0) return false;
  throw_if_interrupted();
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - clock::now()).count();
  if (left <= 0) fail(fmt::format("is not done after {:.0f} s", limit_));
  // Short waits: a signal that comes just before the poll is then seen soon, too.
  poll(streams, 2, static_cast<int>(std::min<long>(left, 200)));
  char bytes[4096];
  for (auto& [fd, asked, ready] : streams) {
    if (fd < 0 || ready == 0) continue;
    const ssize_t count = read(fd, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      close_once(fd == output_ ? output_ : errors_);
    } else if (fd == output_) {
      buffer_.append(bytes, static_cast<std::size_t>(count));
    } else {
      last_words_.append(bytes, static_cast<std::size_t>(count));
      if (last_words_.size() > 2000) last_words_.erase(0, last_words_.size() - 2000);
    }
  }
  return true;
}

bool bench_process::read_line(std::string& line) {
  for (;;) {
    const std::size_t end = buffer_.find('\n');
    if (end != std::string::npos) {
      line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return true;
    }
    if (!read_more()) return false;
  }
}

std::vector<std::string> bench_process::finish() {
  close_once(input_);
  std::vector<std::string> lines;
  for (std::string line; read_line(line);) lines.push_back(line);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) throw_if_interrupted();
  pid_ = -1;
  if (WIFSIGNALED(status))
    fail(fmt::format("was ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status))));
  if (WEXITSTATUS(status) != 0) fail(fmt::format("ended with status {}", WEXITSTATUS(status)));
  return lines;
}

void bench_process::reap() {
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void bench_process::fail(const std::string& what) {
  std::string words = last_words_;
  while (!words.empty() && words.back() == '\n') words.pop_back();
  throw program_error(fmt::format("{} {}{}{}", fmt::join(command_, " "), what, words.empty() ? "" : ": ", words));
}

void watch_for_interrupt() {
  struct sigaction action{};
  action.sa_handler = [](int) { interrupt_seen.store(true, std::memory_order_relaxed); };
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void pause_for(std::chrono::duration<double> time) {
  const auto end = bench_process::clock::now() + std::chrono::duration_cast<bench_process::clock::duration>(time);
  while (bench_process::clock::now() < end) {
    throw_if_interrupted();
    const std::chrono::duration<double> left = end - bench_process::clock::now();
    std::this_thread::sleep_for(std::min(left, std::chrono::duration<double>(0.1)));
  }
}

}  // namespace jay_tool
