// SPDX-License-Identifier: MIT
// Connected pairs of streams.
#pragma once

#include <utility>

#include <jay/detail/connection.hpp>
#include <jay/socket.hpp>
#include <jay/stream.hpp>

#include "tests/support/net.hpp"

namespace jay::testing {

using streams = std::pair<stream_reader, stream_writer>;

inline streams streams_of(detail::stream_handle s, address local = {}, address peer = {}) {
  return detail::make_streams(detail::connection_ptr(new detail::connection(std::move(s), local, peer)), {});
}
inline streams streams_of(socket s) {
  address local = s.local_address(), peer = s.peer_address();
  return streams_of(s.release().to_stream(), local, peer);
}

/// Over TCP.
inline task<std::pair<streams, streams>> stream_pair() {
  auto [a, b] = co_await tcp_pair();
  co_return std::pair<streams, streams>(streams_of(std::move(a)), streams_of(std::move(b)));
}

}  // namespace jay::testing
