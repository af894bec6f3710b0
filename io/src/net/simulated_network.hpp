// SPDX-License-Identifier: MIT
// The network of a run with a seed (jay::testing::run): who listens where, who reaches whom, and what the seed draws. The
// bytes go by simulated_socket.hpp.
//
// A machine is known by its address. Which one a task is on is a context variable (jay::testing::host), so tasks, servers and
// handlers inherit it. The loopback and Unix paths are each machine's own; every other address names its machine.
//
// A connect is a coroutine that sleeps: as long as its first message takes, then as long as the answer does. No answer (a
// partition, a full backlog): it tries again after 1, 2, 4, ... 64 s, as Linux does, and gives up after 127 s. A cancel is
// that of a sleep, and what it has opened is closed as a handle goes.
//
// One lock guards all of it, its sockets too. There is one worker, so nobody waits for it; but a blocking call may write, and
// the thread that ends the run stops the network. Nothing is told, and no handle goes, while it is held. Lock order: this
// one -> a shard of the timers.
//
// Sockets are kept until nobody can name them any more: an awaiter may still ask a closed one what it was (slot.hpp). So
// they stand in a deque, are used again, and go with the network. That goes when the run has ended and the last handle has
// gone, which may be later: a socket in a static object.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <jay/address.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/detail/services.hpp>
#include <jay/detail/timers.hpp>
#include <jay/socket.hpp>
#include <jay/testing_network.hpp>

#include "event/draws.hpp"
#include "net/simulated_socket.hpp"

namespace jay::detail {

class simulated_network final : public std::enable_shared_from_this<simulated_network> {
 public:
  simulated_network(timers& clock, std::uint64_t seed, const network_settings& settings);
  simulated_network(const simulated_network&) = delete;

  // ---- what jay::socket and resolve ask; throw std::system_error as the real ones do ----

  task<socket> connect(address to);
  socket listen(address at, int backlog, bool reuse_port);
  std::pair<socket, socket> pair();
  /// Empty: there is no such name.
  std::vector<address> look_up(const std::string& host, std::uint16_t port) const;
  std::string name_of(const address& a) const;
  /// Of one way; drawn.
  std::chrono::nanoseconds latency();

  // ---- partitions ----

  std::uint64_t cut(std::vector<std::string> some, std::vector<std::string> others);
  void heal(std::uint64_t number) noexcept;

  /// The run is over: closes what is open. Nothing is on its way any more.
  void stop() noexcept;

 private:
  friend class simulated_socket;

  struct cut_between {
    std::uint64_t number;
    std::vector<std::string> some, others;
  };
  /// The answer to a connect: none, or no socket (refused), or one.
  struct answer {
    bool came = false;
    socket_handle socket;
  };
  answer knock(const std::string& from, const address& to);
  address local_for(const std::string& from, const address& to);
  std::uint16_t free_port(const std::string& machine, const address& at);

  // With the lock held. (noexcept: who is out of memory here ends.)
  simulated_socket* take(std::string machine, std::string peer_machine, const address& local, const address& peer) noexcept;
  std::pair<simulated_socket*, simulated_socket*> connected(const std::string& from, const std::string& to,
                                                            const address& local, const address& peer) noexcept;
  simulated_socket* listener_at(const std::string& machine, const address& at, bool exactly) noexcept;
  bool is_cut(const std::string& a, const std::string& b) const noexcept;
  void forget(simulated_socket& listener) noexcept { std::erase(listeners_, &listener); }
  std::chrono::nanoseconds drawn_latency() noexcept;

  timers& clock_;  // while it has not stopped
  const network_settings settings_;
  spin_mutex mutex_;  // guards what follows
  draws random_;
  bool stopped_ = false;
  std::deque<simulated_socket> sockets_;
  std::vector<simulated_socket*> free_;
  std::vector<simulated_socket*> listeners_;
  std::vector<cut_between> cuts_;
  std::uint64_t cuts_so_far_ = 0;
  std::uint16_t next_port_ = 49152;
};

/// Its network's place on the scheduler of a run.
class network_service final : public service {
 public:
  network_service(scheduler& s, std::uint64_t seed, const network_settings& settings)
      : network_(std::make_shared<simulated_network>(reactor_of(s).clock(), seed, settings)) {}
  static service_key key;
  void stop(ending&) noexcept override { network_->stop(); }
  simulated_network& network() noexcept { return *network_; }

 private:
  const std::shared_ptr<simulated_network> network_;
};

/// The address of the machine that the current task is on.
std::string current_machine();

/// Where time is simulated, the network is.
inline simulated_network& network_of(reactor& r) { return service_of<network_service>(r.sched()).network(); }

}  // namespace jay::detail
