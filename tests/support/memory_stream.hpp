// SPDX-License-Identifier: MIT
// Two byte streams in memory, each of which receives what the other sends: how little a byte stream needs
// (jay/detail/byte_stream.hpp). Each direction holds `capacity` bytes.
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <jay/detail/byte_stream.hpp>
#include <jay/detail/spin_mutex.hpp>

namespace jay::testing {

class memory_pair {
 public:
  static std::pair<detail::stream_handle, detail::stream_handle> make(std::size_t capacity = 64 * 1024) {
    auto* p = new memory_pair(capacity);
    return {p->ends_[0].handle(), p->ends_[1].handle()};
  }

 private:
  /// Bytes on their way to one of the ends.
  struct pipe {
    detail::spin_mutex mutex;
    std::string bytes;
    bool ended = false;   // no more will be sent
    bool broken = false;  // nobody will receive
  };

  class end final : public detail::byte_stream {
   public:
    end(memory_pair& p, int i) noexcept : pair_(p), in_(p.pipes_[i]), out_(p.pipes_[1 - i]), index_(i) {}

    detail::stream_handle handle() noexcept {
      incarnation_ = open(true, true);
      return detail::stream_handle({this, incarnation_});
    }

    ssize_t send(const void* data, std::size_t size) noexcept override {
      {
        detail::spin_guard g(out_.mutex);
        if (out_.broken || out_.ended) return failed(EPIPE);
        size = std::min(size, pair_.capacity_ - out_.bytes.size());
        if (size == 0) return failed(EAGAIN);
        out_.bytes.append(static_cast<const char*>(data), size);  // within what was reserved
      }
      pair_.tell(1 - index_, detail::direction::reading, false);
      return static_cast<ssize_t>(size);
    }
    ssize_t receive(void* buffer, std::size_t size) noexcept override {
      {
        detail::spin_guard g(in_.mutex);
        if (in_.bytes.empty()) return in_.ended ? 0 : failed(EAGAIN);
        size = std::min(size, in_.bytes.size());
        std::memcpy(buffer, in_.bytes.data(), size);
        in_.bytes.erase(0, size);
      }
      pair_.tell(1 - index_, detail::direction::writing, false);
      return static_cast<ssize_t>(size);
    }
    void end_sending() noexcept override {
      {
        detail::spin_guard g(out_.mutex);
        out_.ended = true;
      }
      pair_.tell(1 - index_, detail::direction::reading, true);
    }
    std::string describe(std::uint32_t) override { return "memory"; }
    void disowned() noexcept override { pair_.release(); }

    using byte_stream::became_ready;

   private:
    static ssize_t failed(int e) noexcept {
      errno = e;
      return -1;
    }
    void released() noexcept override {
      end_sending();
      {
        detail::spin_guard g(in_.mutex);
        in_.broken = true;
      }
      pair_.tell(1 - index_, detail::direction::writing, true);
      pair_.release();
    }

    memory_pair& pair_;
    pipe &in_, &out_;
    const int index_;
    std::uint32_t incarnation_ = 0;
  };

  explicit memory_pair(std::size_t capacity) : capacity_(capacity) {
    for (pipe& p : pipes_) p.bytes.reserve(capacity);
  }

  // Counted: for each end, by its handle and by whoever uses it (up to released()), and by who tells it.
  void tell(int which, detail::direction d, bool lasting) noexcept {
    uses_.fetch_add(1, std::memory_order_relaxed);  // relaxed: the caller's end is counted
    ends_[which].became_ready(d, lasting);
    release();
  }
  void release() noexcept {
    if (uses_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;  // acq_rel: all uses come before
  }

  const std::size_t capacity_;
  pipe pipes_[2];
  end ends_[2]{{*this, 0}, {*this, 1}};
  std::atomic<int> uses_{4};
};

}  // namespace jay::testing
