// SPDX-License-Identifier: MIT
// A socket of the simulated network: a listener, or one end of a connection.
//
// What is sent goes in pieces. Each is on its way for a time that the seed draws, and stands meanwhile in `coming_` of the
// end that it goes to. One timer stands for the first of them. When it is due the bytes go to `arrived_`, an end or a reset
// is noted, and who waits is told, as by an event of a real socket. An end has room for `capacity` bytes, on their way or
// arrived. Where that is taken, its peer's sends say EAGAIN.
//
//   send      takes what there is room for. By the seed less: then no more until that has arrived.
//   receive   gives what has arrived. By the seed less. A short read means to a slot that there is no more for now, so it is
//             told at once that there is.
//   close     as TCP: the peer gets the end. With bytes here that were not read it gets a reset instead; with bytes that
//             are still on their way here, both.
//   a reset   comes after what was sent before it, and then every read says ECONNRESET, never an end. After an end has come,
//             it is only sends that fail, by EPIPE.
//   a cut     (partition) is looked at when a piece is due, which is then sent again later. `tries_` says how often it was.
//
// Everything but the slot itself is guarded by the network's lock. Others are told when that is free.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <jay/address.hpp>
#include <jay/detail/reader_state.hpp>
#include <jay/detail/socket_stream.hpp>
#include <jay/detail/timers.hpp>

namespace jay::detail {

class simulated_network;

class simulated_socket final : public socket_stream {
 public:
  static constexpr std::size_t capacity = 64 * 1024;

  explicit simulated_socket(simulated_network& n) noexcept : network_(n), arrival_(*this) {}

  ssize_t send(const void* data, std::size_t size) noexcept override;
  ssize_t receive(void* buffer, std::size_t size) noexcept override;
  int accept(accepted_socket& into) noexcept override;
  void end_sending() noexcept override;
  std::chrono::steady_clock::duration idle_since(std::chrono::steady_clock::time_point now) noexcept override;
  std::string describe(std::uint32_t incarnation) override;
  void disowned() noexcept override;
  bool listens() const noexcept override;
  address local() const noexcept override;
  address peer() const noexcept override;
  int shutdown(int how) noexcept override;
  /// There is nothing that they would change.
  int set_option(int, int, int) noexcept override { return 0; }

 private:
  friend class simulated_network;

  enum class kind { bytes, end, reset };
  struct piece {
    time_point due;
    kind what;
    std::string bytes;
  };
  struct arrival : timer, deferred {
    explicit arrival(simulated_socket& s) noexcept;
    simulated_socket& to;
  };
  /// Whom something is to be told, without the lock.
  struct news {
    simulated_socket* reader = nullptr;
    simulated_socket* writer = nullptr;
    simulated_socket* left_alone = nullptr;  // a writer that nobody hears any more
    bool lasting = false;
    void tell() noexcept;
  };

  void released() noexcept override;
  void arrive() noexcept;

  // With the network's lock held:
  void coming(kind what, std::string bytes, std::chrono::nanoseconds further = {}) noexcept;
  void arm(time_point due) noexcept;
  void take_in(piece p, news& n) noexcept;
  void give_up(news& n) noexcept;
  simulated_socket* part() noexcept;
  void break_by(int e, news& n) noexcept;
  bool holds_bytes() const noexcept { return held_ > arrived_.size(); }
  void leave() noexcept;

  simulated_network& network_;
  arrival arrival_;
  std::shared_ptr<simulated_network> kept_by_owner_;
  int uses_ = 0;  // its owner, whoever has it open, and the timer with what follows it
  std::uint32_t incarnation_ = 0;
  bool is_open_ = false;
  std::string machine_, peer_machine_;
  address local_, peer_name_;

  // A listener's.
  bool listening_ = false;
  bool shares_port_ = false;
  std::size_t backlog_ = 0;
  std::deque<socket_handle> waiting_;  // to be accepted

  // An end's.
  simulated_socket* peer_ = nullptr;  // null: it hears nothing from here any more
  std::deque<piece> coming_;
  byte_queue arrived_;
  std::size_t held_ = 0;        // bytes in coming_ and arrived_
  std::size_t in_vain_ = 0;     // bytes that it has sent to nobody; a reset answers the first
  int tries_ = 0;               // of the first piece
  bool timer_runs_ = false;
  bool ended_ = false;          // the peer's end has come
  bool deaf_ = false;           // no more will be read
  bool has_ended_ = false;      // no more will be sent
  bool was_short_ = false;      // no send before the last one has arrived
  bool found_no_room_ = false;
  bool aborts_ = false;         // closing it resets
  int broken_ = 0;
  time_point taken_at_{};       // when the peer has last taken something
};

}  // namespace jay::detail
