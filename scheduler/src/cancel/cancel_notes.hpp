// SPDX-License-Identifier: MIT
// What few scopes need: the message of a cancel, and the stop tokens that were given out. Made when there is something to
// note; kept until the scope goes.
#pragma once

#include <stop_token>
#include <string>

#include <jay/detail/scope.hpp>

namespace jay::detail {

struct cancel_notes {
  std::string message;                    // of the last cancel
  std::stop_source stop{std::nostopstate};
};

/// With the scope's lock held. Throws std::bad_alloc.
cancel_notes& notes_of(scope& s);
/// With the scope's lock held. Where there is no memory for it the message is empty.
void note_message(scope& s, const std::string& text) noexcept;
/// Without the lock: what stands behind a stop token is user code.
void request_stop(scope& s) noexcept;

}  // namespace jay::detail
