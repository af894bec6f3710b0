// SPDX-License-Identifier: MIT
// std::terminate (an exception has left a destructor or a noexcept function) ends the process. Which task it was is said
// first, then whatever handler was installed before goes on.
#pragma once

namespace jay::detail {

/// Installs the handler, once per process.
void note_terminate() noexcept;

}  // namespace jay::detail
