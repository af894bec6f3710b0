// SPDX-License-Identifier: MIT
#include "keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "value.hpp"

namespace jay::detail {
namespace {

// What a table shows its members to. The overload that fits a member says its type.
template <class Table>
struct collector {
  std::vector<key>& out;
  const config& defaults;
  std::string_view table_name;
  Table config::*table;

  void operator()(bool Table::*member, std::string_view name, std::string_view doc) { add(config_type::flag, member, name, doc); }
  void operator()(std::uint32_t Table::*member, std::string_view name, const range& allowed, std::string_view doc) {
    add(config_type::whole, member, name, doc, allowed);
  }
  void operator()(double Table::*member, std::string_view name, const range& allowed, std::string_view doc) {
    add(config_type::real, member, name, doc, allowed);
  }
  template <class Enum>
  void operator()(Enum Table::*member, std::string_view name, std::string_view doc) {
    add(config_type::choice, member, name, doc, {}, {std::begin(choice_words<Enum>::list), std::end(choice_words<Enum>::list)});
  }

 private:
  template <class Member>
  void add(config_type type, Member Table::*member, std::string_view name, std::string_view doc, const range& allowed = {},
           std::vector<std::string> words = {}) {
    std::string variable = fmt::format("JAY_{}_{}", table_name, name);
    for (char& c : variable) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    key k{{std::string(table_name), std::string(name), type, allowed.min, allowed.max, std::string(allowed.unit),
           std::move(words), {}, std::move(variable), std::string(doc)},
          [from = table, member](const config& c) { return static_cast<double>((c.*from).*member); },
          [to = table, member](config& c, double v) { (c.*to).*member = static_cast<Member>(v); }};
    k.default_value = value_text(k, k.get(defaults));
    out.push_back(std::move(k));
  }
};

}  // namespace

const std::vector<key>& config_keys() {
  static const std::vector<key> keys = [] {
    std::vector<key> out;
    const config defaults;
    config::tables([&]<class Table>(std::string_view name, Table config::*table, std::string_view) {
      Table::fields(collector<Table>{out, defaults, name, table});
    });
    return out;
  }();
  return keys;
}

std::size_t find_key(const std::function<bool(const key&)>& is) {
  const auto at = std::find_if(config_keys().begin(), config_keys().end(), is);
  return at == config_keys().end() ? no_key : static_cast<std::size_t>(at - config_keys().begin());
}

std::vector<std::string> table_names() {
  std::vector<std::string> out;
  config::tables([&](std::string_view name, auto, std::string_view) { out.emplace_back(name); });
  return out;
}

}  // namespace jay::detail
