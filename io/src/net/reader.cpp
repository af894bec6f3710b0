// SPDX-License-Identifier: MIT
// stream_reader. What each call does with limits, ends and errors is asyncio's StreamReader.
#include <cerrno>
#include <stdexcept>
#include <utility>

#include <jay/detail/reader_state.hpp>
#include <jay/error.hpp>
#include <jay/stream.hpp>

#include "errors.hpp"

namespace jay {
namespace detail {
namespace {

constexpr std::size_t most_at_once = 64 * 1024;

/// Where a thread receives before it is known how much there is. (No pointer to the heap: that would have to be freed at
/// the thread's end, and a thread that cannot register this ends the process.)
char* scratch() noexcept {
  static thread_local char memory[most_at_once];
  return memory;
}

}  // namespace

io_step more_awaiter::attempt() noexcept {
  char* memory = scratch();
  ssize_t n = slot_.stream->receive(memory, most_at_once);
  if (n > 0) {
    try {
      spin_guard g(state_.mutex);
      state_.buffer.append(std::string_view(memory, static_cast<std::size_t>(n)));
    } catch (...) {
      n = -1;
      errno = ENOMEM;
    }
  }
  return settle(n, most_at_once);
}

void more_awaiter::received() {
  std::int64_t n = complete();
  if (n > 0) return;
  if (n == -EBUSY) fail("read from");
  connection& c = *state_.source;
  if (n == -ECANCELED || n == -EBADF) {  // closed by the connection's own writer: an end, as in asyncio, but for an error
    int e = c.error();
    n = e == ECANCELED ? 0 : -e;
  }
  if (n == 0) {
    spin_guard g(state_.mutex);
    state_.eof = true;
    return;
  }
  auto e = static_cast<int>(-n);
  c.broke(e);
  std::exception_ptr broken = std::make_exception_ptr(
      std::system_error(e, std::generic_category(), "read from " + c.peer().to_string()));
  {
    spin_guard g(state_.mutex);
    state_.broken = broken;
  }
  std::rethrow_exception(broken);
}

bool more_awaiter::wait_for_feed() noexcept {
  spin_guard g(state_.mutex);
  if (state_.changes != seen_) return false;
  if (state_.awaiting) {
    busy_ = true;
    return false;
  }
  state_.awaiting = this;
  if (waiter::arm()) return true;
  state_.awaiting = nullptr;
  return false;
}

void more_awaiter::fed() {
  if (cancelled()) {
    spin_guard g(state_.mutex);
    if (state_.awaiting == this) state_.awaiting = nullptr;
  }
  finish();
  if (busy_) throw std::runtime_error("read: another task is already waiting for this reader's data; one at a time may");
}

namespace {

using state_ref = std::shared_ptr<reader_state>;
using more = op<more_awaiter, reader_state*, std::uint64_t>;

/// With the lock held, before anything is given.
void check(const reader_state& s) {
  if (s.error) std::rethrow_exception(s.error);
}
/// With the lock held, where what is there does not do.
void check_more(const reader_state& s) {
  if (s.broken) std::rethrow_exception(s.broken);
}

task<std::string> read_some(state_ref s, std::size_t n) {
  for (;;) {
    std::uint64_t seen;
    {
      spin_guard g(s->mutex);
      check(*s);
      if (n == 0 || s->eof || !s->buffer.empty()) co_return s->buffer.take(n);
      check_more(*s);
      seen = s->changes;
    }
    more next(s.get(), seen);
    co_await std::move(next);
  }
}

task<std::string> read_to_end(state_ref s) {
  for (;;) {
    std::uint64_t seen;
    {
      spin_guard g(s->mutex);
      check(*s);
      if (s->eof) co_return s->buffer.take(s->buffer.size());
      check_more(*s);
      seen = s->changes;
    }
    more next(s.get(), seen);
    co_await std::move(next);
  }
}

task<std::string> read_exactly(state_ref s, std::ptrdiff_t wanted) {
  if (wanted < 0) throw std::invalid_argument("read_exactly: " + std::to_string(wanted) + " bytes; a size cannot be below 0");
  const auto n = static_cast<std::size_t>(wanted);
  for (;;) {
    std::uint64_t seen;
    {
      spin_guard g(s->mutex);
      check(*s);
      if (s->buffer.size() >= n) co_return s->buffer.take(n);
      if (s->eof) {
        std::string partial = s->buffer.take(n);
        throw incomplete_read_error(std::move(partial), n);
      }
      check_more(*s);
      seen = s->changes;
    }
    more next(s.get(), seen);
    co_await std::move(next);
  }
}

task<std::string> read_until(state_ref s, std::string separator) {
  if (separator.empty()) throw std::invalid_argument("read_until: the separator is empty");
  std::size_t looked = 0;  // no separator begins before
  for (;;) {
    std::uint64_t seen;
    {
      spin_guard g(s->mutex);
      check(*s);
      std::string_view have = s->buffer.view();
      std::size_t at = have.size() < separator.size() ? have.npos : have.find(separator, looked);
      if (at != have.npos) {
        if (at > s->limit) throw limit_overrun_error("read_until: the separator comes after the limit of " + std::to_string(s->limit) + " bytes", at);
        co_return s->buffer.take(at + separator.size());
      }
      if (have.size() >= separator.size()) looked = have.size() + 1 - separator.size();
      if (looked > s->limit)
        throw limit_overrun_error("read_until: no separator within the limit of " + std::to_string(s->limit) + " bytes", looked);
      if (s->eof) {
        std::string partial = s->buffer.take(s->buffer.size());
        throw incomplete_read_error(std::move(partial), std::nullopt);
      }
      check_more(*s);
      seen = s->changes;
    }
    more next(s.get(), seen);
    co_await std::move(next);
  }
}

task<std::string> readline(state_ref s) {
  try {
    co_return co_await read_until(s, "\n");
  } catch (incomplete_read_error& e) {
    co_return std::move(e.partial);
  } catch (const limit_overrun_error& e) {
    spin_guard g(s->mutex);  // the line is dropped, as far as it is there
    std::string_view rest = s->buffer.view().substr(std::min(e.consumed, s->buffer.size()));
    s->buffer.drop(rest.starts_with('\n') ? e.consumed + 1 : s->buffer.size());
    throw std::invalid_argument("readline: the line is longer than the reader's limit of " + std::to_string(s->limit) + " bytes");
  }
}

task<std::optional<std::string>> next_line(state_ref s) {
  std::string line = co_await readline(std::move(s));
  if (line.empty()) co_return std::nullopt;
  co_return line;
}

void require_fed(const reader_state& s, const char* what) {
  if (s.source) throw std::runtime_error(std::string(what) + ": this reader reads a connection; only one made by hand is fed");
}

}  // namespace
}  // namespace detail

stream_reader::stream_reader(std::size_t limit) {
  if (limit == 0) throw std::invalid_argument("stream_reader: the limit must be above 0");
  state_ = std::make_shared<detail::reader_state>(limit);
}

void stream_reader::feed_data(std::string_view data) {
  detail::require_fed(*state_, "feed_data");
  state_->change([&] {
    if (state_->eof) throw std::runtime_error("feed_data: after feed_eof");
    state_->buffer.append(data);
  });
}
void stream_reader::feed_eof() {
  detail::require_fed(*state_, "feed_eof");
  state_->change([&] { state_->eof = true; });
}
void stream_reader::set_exception(std::exception_ptr e) {
  state_->change([&] { state_->error.swap(e); });  // the one before it, which may be a user's, goes without the lock
}
std::exception_ptr stream_reader::exception() const {
  detail::spin_guard g(state_->mutex);
  return state_->error ? state_->error : state_->broken;
}
bool stream_reader::at_eof() const {
  detail::spin_guard g(state_->mutex);
  return state_->eof && state_->buffer.empty();
}

task<std::string> stream_reader::read(std::ptrdiff_t n) {
  return n < 0 ? detail::read_to_end(state_) : detail::read_some(state_, static_cast<std::size_t>(n));
}
task<std::string> stream_reader::read_exactly(std::ptrdiff_t n) { return detail::read_exactly(state_, n); }
task<std::string> stream_reader::readline() { return detail::readline(state_); }
task<std::string> stream_reader::read_until(std::string_view separator) {
  return detail::read_until(state_, std::string(separator));
}
task<std::optional<std::string>> stream_reader::next() { return detail::next_line(state_); }

}  // namespace jay
