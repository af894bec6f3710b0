// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <jay/config.hpp>

namespace jay {
namespace {

std::string whole_text(const std::string& message, const config_error::place& where, bool column) {
  std::string out = where.file;
  if (where.line > 0) out += fmt::format(":{}", where.line);
  if (where.line > 0 && column) out += fmt::format(":{}", where.column);
  out += ": " + message;
  if (!where.snippet.empty()) out += '\n' + where.snippet;
  return out;
}

}  // namespace

config_error::config_error(std::string message, place where)
    : std::runtime_error(whole_text(message, where, false)),
      detail_(std::make_shared<const text>(text{std::move(message), std::move(where)})) {}

std::string config_error::report() const { return whole_text(detail_->message, detail_->where, true); }

}  // namespace jay
