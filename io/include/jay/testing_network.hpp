// SPDX-License-Identifier: MIT
// The simulated network of jay::testing::run: what it does is said before the run, by network_options; who is where, and who
// reaches whom, is said inside, by host and partition. docs/testing.md. It comes with <jay/testing.hpp>.
//
//   jay::testing::run(main(), seed, jay::testing::options().network(jay::testing::network_options().latency(1ms, 50ms)));
//
// open_connection, start_server, jay::socket, resolve and all that stands on them are used as ever. No descriptor is opened.
// Time on the way is virtual, and the seed decides how long it takes, what is cut into pieces and what breaks.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <jay/context_var.hpp>
#include <jay/create_task.hpp>
#include <jay/detail/export.hpp>

namespace jay {

namespace detail {

class simulated_network;

struct network_settings {
  std::chrono::nanoseconds lowest{std::chrono::microseconds(100)}, highest{std::chrono::milliseconds(1)};
  double short_reads = 0.25, short_writes = 0.25, resets = 0;
  std::vector<std::pair<std::string, std::string>> names;  // and numeric addresses
};

/// Where what is called from here on in the current context stands.
JAY_API void move_to_host(const std::string& address);

}  // namespace detail

namespace testing {

/// Each throws std::invalid_argument for a value that cannot be. Probabilities are from 0 to 1, and drawn by the seed.
class JAY_API network_options {
 public:
  /// How long bytes, an end, a reset, and each half of a connect are on their way: drawn for each between the two. Bytes of
  /// one connection never overtake each other. Default: 100 us to 1 ms.
  network_options& latency(std::chrono::nanoseconds lowest, std::chrono::nanoseconds highest);
  /// That a read gives less than has come, often a single byte. Default: 0.25.
  network_options& short_reads(double probability);
  /// That a send takes less than there is room for, and no more until that has arrived. Default: 0.25.
  network_options& short_writes(double probability);
  /// That a connection over IP breaks at a send. Those bytes are lost, and both ends get ECONNRESET when what was before has
  /// come. Default: 0.
  network_options& resets(double probability);
  /// A name that resolve finds, with its numeric address; one name may have several.
  network_options& name(std::string host, std::string address);

  /// For the library.
  const detail::network_settings& settings() const noexcept { return settings_; }

 private:
  detail::network_settings settings_;
};

/// A machine of the simulated network. Its address is where the connections of its tasks come from. 127.0.0.1, ::1, 0.0.0.0,
/// :: and Unix sockets are each machine's own. What runs on no host stands on one that is called 127.0.0.1, which may listen
/// on every address.
class JAY_API host {
 public:
  /// A numeric address, not of the loopback; std::invalid_argument otherwise.
  explicit host(std::string address);
  /// As jay::create_task: the task runs on this host, and so do the tasks that it makes.
  template <class... A>
  auto create_task(A&&... args) const {
    context there = copy_context();
    return there.run([&] {
      detail::move_to_host(address_);
      return jay::create_task(std::forward<A>(args)...);
    });
  }
  const std::string& address() const noexcept { return address_; }

 private:
  std::string address_;
};

/// As long as it lasts, nothing passes between hosts of the one side and hosts of the other. Neither side is told. What is on
/// its way is held, and sent again as TCP does it: after 0.2, 0.4, 0.8, ... s, at most 2 min. Who has sent is told ETIMEDOUT
/// after 15 min; a connect after 127 s. Who only reads is told nothing, ever.
///
/// Made and healed inside jay::testing::run, by any task; std::runtime_error elsewhere, std::invalid_argument for what is no
/// numeric address.
class JAY_API partition {
 public:
  /// Addresses of hosts. `others` empty: all others.
  explicit partition(std::vector<std::string> some, std::vector<std::string> others = {});
  partition(const partition&) = delete;
  partition& operator=(const partition&) = delete;
  ~partition();
  /// Ends it. What was held goes on when it is sent again.
  void heal() noexcept;

 private:
  std::weak_ptr<detail::simulated_network> network_;
  std::uint64_t number_ = 0;
};

}  // namespace testing
}  // namespace jay
