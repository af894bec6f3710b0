// SPDX-License-Identifier: MIT
// What the tests of the configuration share: an environment without JAY_ variables, and files of their own.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <jay/config.hpp>

namespace config_tests {

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    for (char** line = environ; *line != nullptr; ++line) {
      const std::string_view text = *line;
      if (text.substr(0, 4) != "JAY_") continue;
      const std::size_t equals = text.find('=');
      saved_[std::string(text.substr(0, equals))] = text.substr(equals + 1);
    }
    for (const auto& [name, value] : saved_) ::unsetenv(name.c_str());
    std::string name = (std::filesystem::temp_directory_path() / "jay_config_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name + " failed");
    directory_ = name;
  }

  ~ConfigTest() override {
    for (const std::string& name : set_) ::unsetenv(name.c_str());
    for (const auto& [name, value] : saved_) ::setenv(name.c_str(), value.c_str(), 1);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  // A path in a directory that is removed at the end.
  std::string path(const std::string& name) const { return (directory_ / name).string(); }

  std::string write(std::string_view text, const std::string& name = "jay.toml") const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

  void environment(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);
    set_.push_back(name);
  }

  // What parsing the text throws, its name being jay.toml. Accepted text fails the test.
  static jay::config_error error_of(std::string_view text) {
    try {
      (void)jay::config::parse(text);
    } catch (const jay::config_error& e) {
      return e;
    }
    ADD_FAILURE() << "accepted: " << text.substr(0, 200);
    return jay::config_error("accepted", {});
  }

  static std::string report_of(std::string_view text) { return error_of(text).report(); }

  // The where of a key, as effective() tells it.
  static std::string origin(const jay::config& c, const std::string& key) {
    for (const jay::config_setting& setting : c.effective()) {
      if (setting.key == key) return setting.where;
    }
    return "no such key";
  }

 private:
  std::filesystem::path directory_;
  std::map<std::string, std::string> saved_;
  std::vector<std::string> set_;
};

}  // namespace config_tests
