// SPDX-License-Identifier: MIT
#pragma once

// The configuration of a runtime: plain structs with their defaults, a file, the environment, and code.
//
//   jay::config c = jay::config::load("jay.toml");   // defaults, then the file, then JAY_... variables
//   c.scheduler.workers = 2;                         // code has the last word
//   return jay::run(async_main(), c);
//
// Every key is `table.name` in a file and JAY_TABLE_NAME in the environment (JAY_SCHEDULER_WORKERS=4); JAY_DEBUG=1
// is debug.enabled. docs/config.md lists them all.

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <jay/detail/export.hpp>
#include <jay/io_config.hpp>
#include <jay/log_level.hpp>
#include <jay/scheduler_config.hpp>

namespace jay {

struct log_config {
  log_level level = log_level::warn;

  bool operator==(const log_config&) const = default;

  template <class Visit>
  static constexpr void fields(Visit&& visit) {
    visit(&log_config::level, "level",
          "What the runtime says on standard error: this level and all that are worse. \"info\": "
          "with what it has started; \"debug\": what it has done, at its end. For the process: that "
          "of the runtime made last.");
  }
};

/// A configuration that is not accepted. what() is
///   jay.toml:12: scheduler.spin: 99999 is above 10000
/// followed, where there is a line to show, by that line with a caret below it. Values from the environment or
/// from code have no line: what() then begins with the variable, or with "config".
class JAY_API config_error : public std::runtime_error {
 public:
  struct place {
    std::string file;        ///< as given to load; the variable; or "config" for a value set by code
    std::uint32_t line = 0;  ///< both count from 1; 0: there is none
    std::uint32_t column = 0;
    std::string snippet;     ///< the source line and the caret line, without a newline at the end
  };

  config_error(std::string message, place where);

  [[nodiscard]] const std::string& message() const noexcept { return detail_->message; }
  [[nodiscard]] const std::string& file() const noexcept { return detail_->where.file; }
  [[nodiscard]] std::uint32_t line() const noexcept { return detail_->where.line; }
  [[nodiscard]] std::uint32_t column() const noexcept { return detail_->where.column; }
  [[nodiscard]] const std::string& snippet() const noexcept { return detail_->where.snippet; }

  /// For a terminal: as what(), with the column in the first line.
  [[nodiscard]] std::string report() const;

 private:
  struct text {
    std::string message;
    place where;
  };
  std::shared_ptr<const text> detail_;  ///< shared: copying an exception must not throw
};

enum class config_origin { default_value, file, environment, code };

/// A value as it would be used, and who set it.
struct config_setting {
  std::string key;    ///< "scheduler.workers"
  std::string value;  ///< as it is written in a file
  config_origin origin = config_origin::default_value;
  std::string where;  ///< "default", "jay.toml:12", "JAY_SCHEDULER_WORKERS" or "code"
};

enum class config_type { flag, whole, real, choice };

/// What may be written for a key.
struct config_key {
  std::string table;
  std::string name;
  config_type type = config_type::flag;
  double min = 0;  ///< inclusive; for whole and real
  double max = 0;
  std::string unit;  ///< "", "us", "ms" or "s"; a key with a unit also takes text such as "2ms"
  std::vector<std::string> choices;
  std::string default_value;  ///< as it is written in a file
  std::string environment;    ///< "JAY_SCHEDULER_WORKERS"
  std::string doc;

  [[nodiscard]] std::string path() const { return table + '.' + name; }  ///< "scheduler.workers"
};

namespace detail {
struct setting;

/// What was loaded into a configuration; null: nothing. It says nothing about the values, so any two are equal.
struct loaded_settings {
  std::shared_ptr<const std::vector<setting>> list;
  bool operator==(const loaded_settings&) const noexcept { return true; }
};
}  // namespace detail

class JAY_API config {
 public:
  scheduler_config scheduler;
  io_config io;
  debug_config debug;
  log_config log;

  template <class Visit>
  static constexpr void tables(Visit&& visit) {
    visit("scheduler", &config::scheduler, "Workers: the threads that run tasks.");
    visit("io", &config::io, "Waiting for files, sockets and timers, and calls that block.");
    visit("debug", &config::debug, "Help with finding mistakes, at a price in speed.");
    visit("log", &config::log, "What the runtime says about itself.");
  }

  /// The defaults, then the file, then the environment. Throws config_error, for the first mistake in the file.
  [[nodiscard]] static config load(const std::string& path);

  /// The same for text that is at hand; `name` stands for the file in errors and origins.
  [[nodiscard]] static config parse(std::string_view text, const std::string& name = "jay.toml");

  /// The defaults, then the environment.
  [[nodiscard]] static config from_environment();

  /// Every mistake in a file, in order of lines; empty when load would accept it. The environment is not looked at.
  [[nodiscard]] static std::vector<config_error> problems(const std::string& path);

  /// Loads again, keeping what code has set since. If it throws, nothing has changed.
  void reload(const std::string& path);

  /// What a runtime made with this configuration uses. A configuration that was neither loaded nor made from the
  /// environment gets the environment's values where it still has the defaults. Throws config_error where code has
  /// set a value out of bounds.
  [[nodiscard]] config resolved() const;

  /// Each key with its value and where it came from. A value that differs from what was loaded was set by code.
  [[nodiscard]] std::vector<config_setting> effective() const;

  /// All keys, in the order in which they are declared.
  [[nodiscard]] static std::vector<config_key> keys();

  /// Compares values, not where they came from.
  bool operator==(const config&) const = default;

 private:
  detail::loaded_settings loaded_;
};

}  // namespace jay
