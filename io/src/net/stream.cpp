// SPDX-License-Identifier: MIT
// stream_writer, and how streams come about.
#include <jay/stream.hpp>

#include <stdexcept>

#include <jay/detail/reader_state.hpp>
#include <jay/resolve.hpp>
#include <jay/socket.hpp>

#include "errors.hpp"

namespace jay {
namespace detail {

void no_connection() { throw std::runtime_error("stream_writer: it has no connection (it was moved from)"); }

std::pair<stream_reader, stream_writer> make_streams(connection_ptr c, const stream_settings& settings) {
  return {stream_reader(std::make_shared<reader_state>(settings.limit, c)), stream_writer(c)};
}

}  // namespace detail

void stream_writer::writelines(std::span<const std::string_view> parts) {
  std::size_t size = 0;
  for (std::string_view p : parts) size += p.size();
  std::string all;
  all.reserve(size);
  for (std::string_view p : parts) all += p;
  write(all);
}

std::optional<std::string> stream_writer::get_extra_info(std::string_view name) const {
  if (name == "peername") return get().peer().to_string();
  if (name == "sockname") return get().local().to_string();
  if (name == "socket") {
    detail::pinned_stream s(get().ref());
    if (s && s->fd() >= 0) return std::to_string(s->fd());
  }
  return std::nullopt;
}

namespace {

std::pair<stream_reader, stream_writer> streams_of(socket s, const address& to, const stream_options& options) {
  address local = s.local_address();
  detail::connection_ptr c(new detail::connection(s.release().to_stream(), local, to));
  return detail::make_streams(std::move(c), options.settings());
}

}  // namespace

task<std::pair<stream_reader, stream_writer>> open_connection(std::string host, std::uint16_t port, stream_options options) {
  std::vector<address> candidates = co_await resolve(host, port);
  std::string tried;
  int error = 0;
  for (const address& to : candidates) {
    try {
      socket s = co_await socket::connect(to);
      co_return streams_of(std::move(s), to, options);
    } catch (const std::system_error& e) {
      if (candidates.size() == 1) throw;
      error = e.code().value();
      tried += (tried.empty() ? "" : "; ") + to.to_string() + ": " + e.code().message();
    }
  }
  throw std::system_error(error, std::generic_category(),
                          "connect " + host + ":" + std::to_string(port) + ", tried " + tried);
}

task<std::pair<stream_reader, stream_writer>> open_unix_connection(std::string path, stream_options options) {
  address to = address::unix_path(path);
  socket s = co_await socket::connect(to);
  co_return streams_of(std::move(s), to, options);
}

}  // namespace jay
