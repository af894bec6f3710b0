// SPDX-License-Identifier: MIT
#include "reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

namespace jay::detail {
namespace {

using path = std::vector<std::string>;

constexpr std::size_t max_parts = 17;

class reader {
 public:
  reader(const config_text& text, std::vector<config_error>& problems) : source_(text), text_(text.all()), problems_(problems) {}

  std::vector<entry> read() {
    for (; at_ < text_.size() && problems_.size() < enough_problems; ++at_) {
      const std::size_t before = out_.size();
      try {
        line();
      } catch (const config_error& e) {
        problems_.push_back(e);
        out_.resize(before);
      }
      at_ = line_end();
    }
    return std::move(out_);
  }

 private:
  // A carriage return stands only before a newline: config_text sees to it.
  void blanks() { at_ = std::min(text_.find_first_not_of(" \t\r", at_), text_.size()); }
  std::size_t line_end() const { return std::min(text_.find('\n', at_), text_.size()); }
  bool sees(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool take(char c) { return sees(c) ? (++at_, true) : false; }
  void expect(char c) {
    if (!take(c)) throw expected(fmt::format("'{}'", c));
  }
  config_error expected(std::string_view what) const {
    if (at_ == text_.size()) return source_.error(text_.substr(at_), fmt::format("expected {}, saw the end of the file", what));
    const std::string_view c = text_.substr(at_, utf8_length(text_.substr(at_)));
    const bool end = c == "\n" || c == "\r";
    return source_.error(c, fmt::format("expected {}, saw {}", what, end ? "the end of the line" : fmt::format("'{}'", printable(c))));
  }

  void line() {
    blanks();
    if (sees('[')) {
      header();
    } else if (at_ < line_end() && !sees('#')) {
      key_value();
    }
    blanks();
    if (at_ < line_end() && !sees('#')) throw expected("the end of the line");
  }

  void header() {
    counts_ = false;  // until the header has turned out to be good
    const std::size_t begin = at_++;
    const bool array = take('[');
    entry e;
    e.path = key(e.written, "a table's name");
    expect(']');
    if (array) expect(']');
    if (array) e.value.kind = literal::form::table_array;
    // No key of ours stands below [[...]]: the keys there are read and forgotten.
    counts_ = !array;
    table_ = e.path;
    table_name_ = fmt::format(" in [{}]", printable(e.written));
    if (!array) define({}, table_, text_.substr(begin, at_ - begin), true);
    out_.push_back(std::move(e));
  }

  void key_value() {
    entry e;
    const path parts = key(e.written, "a key");
    expect('=');
    blanks();
    if (counts_) define(table_, parts, e.written, false);
    e.path = table_;
    e.path.insert(e.path.end(), parts.begin(), parts.end());
    e.value = value();
    if (counts_) out_.push_back(std::move(e));
  }

  path key(std::string_view& written, std::string_view what) {
    path parts;
    blanks();
    const std::size_t begin = at_;
    do {
      blanks();
      const std::size_t end = std::min(
          text_.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", at_), text_.size());
      if (sees('"') || sees('\'')) {
        parts.push_back(quoted());
      } else if (end > at_) {
        parts.emplace_back(text_.substr(at_, end - at_));
        at_ = end;
      } else {
        throw expected(what);
      }
      written = text_.substr(begin, at_ - begin);
      if (parts.size() > max_parts) throw source_.error(written, fmt::format("a key of more than {} parts", max_parts));
      blanks();
    } while (take('.'));
    return parts;
  }

  // Tells what is set twice. A table may be named by the headers of its own tables before its own header comes, and dotted
  // keys may add to a table that dotted keys have made.
  enum class made_by { key, dots, header, header_below };
  struct definition {
    made_by by;
    std::string_view written;
  };

  void define(path full, const path& parts, std::string_view written, bool header) {
    for (const std::string& part : parts) {
      full.push_back(part);
      const bool last = &part == &parts.back();
      const made_by by = header ? (last ? made_by::header : made_by::header_below) : (last ? made_by::key : made_by::dots);
      const auto [at, fresh] = defined_.try_emplace(full, definition{by, written});
      const made_by old = at->second.by;
      if (fresh || (!last && (header ? old != made_by::key : old == made_by::dots))) continue;
      if (header && last && old == made_by::header_below) {
        at->second = {by, written};
        return;
      }
      const std::size_t line = source_.line_of(at->second.written);
      const std::string name = printable(written);
      problems_.push_back(header ? source_.error(written, "duplicate table " + name,
                                                 fmt::format("it began in line {}; put its keys there", line))
                                 : source_.error(written, fmt::format("duplicate key '{}'{}", name, table_name_),
                                                 fmt::format("already set in line {}", line)));
      return;
    }
  }

  literal value() {
    literal out;
    const std::size_t begin = at_;
    if (sees('"') || sees('\'')) {
      out.kind = literal::form::text;
      out.text = quoted();
    } else if (sees('[') || sees('{')) {
      // No key takes them: what they hold is not read, also where it goes on in the next line.
      out.kind = sees('[') ? literal::form::array : literal::form::braces;
      at_ = line_end();
    } else {
      at_ = std::min(text_.find_first_of(" \t\r\n,#]}=\"'", at_), text_.size());
      out = bare(text_.substr(begin, at_ - begin));
    }
    out.written = text_.substr(begin, at_ - begin);
    return out;
  }

  // true, 12, 1_000, 1.5, inf. Neither 007 nor 1. nor _1.
  literal bare(std::string_view word) {
    literal out;
    if (word.empty()) throw expected("a value");
    if (word == "true" || word == "false") {
      out.kind = literal::form::flag;
      out.number = word == "true" ? 1 : 0;
      return out;
    }
    const double sign = word[0] == '-' ? -1 : 1;
    const std::string_view body = word.substr(word[0] == '-' || word[0] == '+' ? 1 : 0);
    const std::string_view whole = body.substr(0, body.find_first_of(".eE"));
    out.kind = whole.size() == body.size() ? literal::form::whole : literal::form::real;
    const auto digit = [&](std::size_t i) { return i < body.size() && body[i] >= '0' && body[i] <= '9'; };
    bool good = digit(0) && digit(body.size() - 1) && (whole.size() == 1 || whole[0] != '0');
    std::string plain;
    for (std::size_t i = 0; i < body.size(); ++i) {
      if (body[i] == '_' || body[i] == '.') good = good && digit(i - 1) && digit(i + 1);
      if (body[i] != '_') plain += body[i];
    }
    const char* const end = plain.data() + plain.size();
    const auto [stop, error] = std::from_chars(plain.data(), end, out.number);
    if (error == std::errc::result_out_of_range) out.number = std::numeric_limits<double>::infinity();
    if (body == "inf" || body == "nan") {
      out.kind = literal::form::real;
    } else if (!good || stop != end) {
      throw source_.error(word, fmt::format("'{}' is no value", printable(word)), "text stands in quotes");
    }
    out.number *= sign;
    return out;
  }

  std::string quoted() {
    const std::size_t begin = at_;
    const std::size_t end = line_end();
    const char quote = text_[at_++];
    std::string out;
    while (!take(quote)) {
      if (at_ >= end) throw source_.error(text_.substr(begin, 1), "text without a closing quote on its line");
      if (quote == '"' && take('\\')) {
        constexpr std::string_view letters = "btnfr\"\\";
        const std::size_t letter = at_ < text_.size() ? letters.find(text_[at_]) : letters.npos;
        if (letter == letters.npos) {
          throw source_.error(text_.substr(at_ - 1, 2), "an unknown escape in text", "a backslash itself is written \\\\");
        }
        out += "\b\t\n\f\r\"\\"[letter];
        ++at_;
      } else {
        out += text_[at_++];
      }
    }
    if (out.empty() && sees(quote)) {
      throw source_.error(text_.substr(begin, 3), "text in three quotes", "no value needs more than one line; use one quote");
    }
    return out;
  }

  const config_text& source_;
  const std::string_view text_;
  std::vector<config_error>& problems_;
  std::vector<entry> out_;
  std::map<path, definition> defined_;
  std::size_t at_ = 0;
  path table_;
  std::string table_name_;
  bool counts_ = true;  // keys below the table are looked at
};

}  // namespace

std::vector<entry> read_toml(const config_text& text, std::vector<config_error>& problems) { return reader(text, problems).read(); }

}  // namespace jay::detail
