// SPDX-License-Identifier: MIT
// wrap_future: a std::future that can be awaited. asyncio.wrap_future.
#pragma once

#include <future>
#include <utility>

#include <jay/event_loop.hpp>

namespace jay {

/// A std::future tells nobody when it is done, so a thread of the pool for blocking calls waits for it. Called in a task or a
/// call; throws std::runtime_error elsewhere. A cancel ends the wait of who awaits, and that thread waits on.
template <class T>
future<T> wrap_future(std::future<T> f) {
  return get_event_loop().run_in_executor(nullptr, [f = std::move(f)]() mutable -> T { return f.get(); });
}

}  // namespace jay
