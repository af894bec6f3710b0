// SPDX-License-Identifier: MIT
// Answers `jay ps PID` and `jay pstree PID`: a thread of its own, so that it answers however busy the workers are, on a Unix
// socket of the abstract namespace, so that there is no file to leave behind. Each runtime has its own name.
//
//   the command                          the runtime
//   "table\n" or "tree\n"         ->     looks who asks: this user, or root
//                                 <-     "ok\n" and the text, or "no\n" and the reason; then the end
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include <jay/scheduler.hpp>

namespace jay::detail {

/// The names of a process begin so, after the zero byte of the abstract namespace; a number follows.
inline std::string inspector_name(pid_t process) { return "jay/ps/" + std::to_string(process) + "/"; }

struct inspector_address {
  explicit inspector_address(std::string_view name) noexcept {
    address.sun_family = AF_UNIX;
    const std::size_t n = name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
    length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + n);
  }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&address); }
  sockaddr_un address{};
  socklen_t length;
};

/// Neither side waits for the other for longer.
inline constexpr timeval inspector_patience{5, 0};

class inspector {
 public:
  /// Where it cannot listen it says so in the log, and does nothing.
  explicit inspector(scheduler& s) noexcept;
  /// Cuts off who is being answered.
  ~inspector();
  inspector(const inspector&) = delete;

 private:
  void loop() noexcept;
  void answer(int client) noexcept;
  std::string listing(const std::string& request, int client);

  scheduler& sched_;
  int listener_ = -1;
  std::mutex mutex_;
  int client_ = -1;      // guarded by mutex_, as what follows
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace jay::detail
