// SPDX-License-Identifier: MIT
// Names to addresses and back: getaddrinfo and getnameinfo on the blocking pool. Numeric hosts need no thread.
#pragma once

#include <cstdint>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <jay/address.hpp>
#include <jay/task.hpp>

namespace jay {

/// Codes of getaddrinfo (EAI_...): what a std::system_error of resolve has.
JAY_API const std::error_category& resolve_category() noexcept;

/// The addresses of a host, IPv6 and IPv4 in turn beginning with the kind that the system prefers; at least one. Throws
/// std::system_error: "resolve example.invalid: Name or service not known". A cancel ends the wait at once.
JAY_API task<std::vector<address>> resolve(std::string host, std::uint16_t port);
/// Where to listen: for an empty host every local address.
JAY_API task<std::vector<address>> resolve_for_listening(std::string host, std::uint16_t port);

/// Host and service name of an address; numbers where there is no name.
JAY_API task<std::pair<std::string, std::string>> getnameinfo(address a);

namespace detail {
/// As listed, but kinds alternate: if one of them does not work here, the second try is of the other (RFC 8305, 4).
JAY_API std::vector<address> interleave(std::vector<address> listed);
}  // namespace detail

}  // namespace jay
