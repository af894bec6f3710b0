// SPDX-License-Identifier: MIT
#include <jay/error.hpp>

#include <typeinfo>

namespace jay {

incomplete_read_error::incomplete_read_error(std::string read, std::optional<std::size_t> wanted)
    : runtime_error(std::to_string(read.size()) + " bytes read, " +
                    (wanted ? "of " + std::to_string(*wanted) + " expected" : std::string("no separator found")) +
                    ", before the stream ended"),
      partial(std::move(read)),
      expected(wanted) {}

lagged_error::lagged_error(std::uint64_t n)
    : runtime_error("the receiver was too slow: " + std::to_string(n) +
                    (n == 1 ? " value was" : " values were") + " overwritten; receive goes on with the oldest that is kept"),
      missed(n) {}

exception_group::exception_group(std::string message, std::vector<std::exception_ptr> exceptions)
    : runtime_error(message + " (" + std::to_string(exceptions.size()) +
                    (exceptions.size() == 1 ? " sub-exception)" : " sub-exceptions)")) {
  if (exceptions.empty()) throw std::invalid_argument("exception_group: needs at least one exception");
  for (const auto& e : exceptions)
    if (!e) throw std::invalid_argument("exception_group: a null exception_ptr is no exception");
  state_ = std::make_shared<const state>(state{std::move(message), std::move(exceptions)});
}

std::pair<std::optional<exception_group>, std::optional<exception_group>> exception_group::split_if(
    bool (*matches)(const std::exception_ptr&)) const {
  std::vector<std::exception_ptr> yes, no;
  for (const auto& e : exceptions()) {
    try {
      std::rethrow_exception(e);
    } catch (const exception_group& nested) {
      auto [in, out] = nested.split_if(matches);
      if (in) yes.push_back(std::make_exception_ptr(*in));
      if (out) no.push_back(std::make_exception_ptr(*out));
    } catch (...) {
      (matches(e) ? yes : no).push_back(e);
    }
  }
  std::pair<std::optional<exception_group>, std::optional<exception_group>> parts;
  if (!yes.empty()) parts.first.emplace(message(), std::move(yes));
  if (!no.empty()) parts.second.emplace(message(), std::move(no));
  return parts;
}

bool detail::is_cancelled_error(const std::exception_ptr& e) noexcept {
  return e && *e.__cxa_exception_type() == typeid(cancelled_error);
}
bool detail::is_generator_exit(const std::exception_ptr& e) noexcept {
  return e && *e.__cxa_exception_type() == typeid(generator_exit);
}

}  // namespace jay
